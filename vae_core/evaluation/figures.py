"""The figures of a run, as `evaluate` gives them, computed once and kept beside it."""

from __future__ import annotations

from pathlib import Path

from vae_core.data import catalogue
from vae_core.errors import CheckpointCorrupt, DataError
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage.figures import Figures, read_figures, weights_digest, write_figures
from vae_core.storage.runs import Run


def keep_figures(run: Run, data_dir: Path | None = None) -> Figures:
    """The kept figures of a run's final weights; computed and kept where there are none yet.

    They are of the run's own dataset, or where that would have to be downloaded of the bundled sample of it, which
    `dataset` then names.

    Raises:
        CheckpointCorrupt, CheckpointIncompatible: there are no final weights, or they are damaged.
        DataError: the dataset is not here, and no sample of it either.
        DiskError: neither the run's folder nor the cache can be written.
    """
    kept = read_figures(run)
    if kept is not None:
        return kept
    digest = weights_digest(run)
    if digest is None:
        raise CheckpointCorrupt(f"The run {run.id!r} holds no final weights yet; train it to its end first.")
    found = evaluate_run(run, dataset=_at_hand(run.config.data.dataset, data_dir), data_dir=data_dir)
    write_figures(run, found, digest)
    return {**found, "weights_sha256": digest}


def _at_hand(name: str, data_dir: Path | None) -> str:
    where = {row.name: row.where for row in catalogue.describe(data_dir)}
    if where.get(name) != "can be downloaded":
        return name
    if f"{name}-sample" not in where:
        raise DataError(f"The dataset {name!r} is not here; download it by training on it once.")
    return f"{name}-sample"
