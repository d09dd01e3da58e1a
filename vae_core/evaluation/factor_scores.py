"""The disentanglement of a run, on a dataset whose factors are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vae_core.data.relocation import load_run_dataset
from vae_core.errors import DataError
from vae_core.evaluation.codes import encode
from vae_core.evaluation.trained import load_trained
from vae_core.metrics import disentanglement
from vae_core.storage.measurements import FactorScores, factor_scores, require_weights_digest
from vae_core.storage.runs import Run
from vae_core.types import DciModel


def disentangle_run(
    run: Run,
    *,
    dataset: str | None = None,
    which: str = "model",
    seed: int = 0,
    dci_model: DciModel = "forest",
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """MIG, DCI and the FactorVAE score of the posterior means of the test split, by the names of the command line.

    Args:
        run: with weights.
        dataset: another one than that of training, of images of the same size.
        which: "model" or "best", as for `load_trained`.
        seed: of the metrics' draws.
        dci_model: one of `DCI_MODELS`, as for `disentanglement.dci`.
        data_dir: the folder of the full datasets.
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        DataError: what made the images is not known, or they have another size than the model's.
        LatentLabError: as `load_trained` and `datasets.load_dataset` do.
    """
    trained = load_trained(run, which)
    data = load_run_dataset(run, dataset, data_dir, progress)
    if data.factors is None:
        raise DataError(
            f"What made the images of {data.name!r} is not known, so nothing can be said of disentanglement; train on "
            "sprites, or on a file of dSprites' form."
        )
    codes = encode(trained, data.test_images, progress=progress)
    found = disentanglement.scores(
        codes.mean, data.factors.test.numpy(), seed=seed, dci_model=dci_model, progress=progress
    )
    about = {"run": str(run.folder), "dataset": data.name, "step": trained.step, "factors": list(data.factors.names)}
    return {**about, **asdict(found)}


def scores_of(
    run: Run,
    *,
    dci_model: DciModel = "forest",
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> FactorScores:
    """The kept scores of a run's final weights on its own dataset; computed and kept where there are none yet.

    Args:
        run: a run that ended.
        dci_model: one of `DCI_MODELS`; those of each model are kept by themselves.
        data_dir: the folder of the full datasets.
        progress: as for `disentangle_run`.

    Raises:
        CheckpointCorrupt: there are no final weights.
        DiskError: neither the run's folder nor the cache can be written.
        LatentLabError: as `disentangle_run` does.
    """
    kept = factor_scores(dci_model).read(run)
    if kept is not None:
        return kept
    digest = require_weights_digest(run)
    found = disentangle_run(run, dci_model=dci_model, data_dir=data_dir, progress=progress)
    scores = factor_scores(dci_model).make(run, found, digest)
    factor_scores(dci_model).write(run, scores)
    return scores
