"""Scores the disentanglement of a run on a dataset whose generative factors are known."""

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
    """MIG, DCI and the FactorVAE score of the posterior means of the test split, under the command line's JSON keys.

    Args:
        run: a run with weights.
        dataset: a dataset to use instead of the run's own, with images of the same size.
        which: "model" or "best", as for `load_trained`.
        seed: seeds the metrics' random draws.
        dci_model: one of `DCI_MODELS`, as for `disentanglement.dci`.
        data_dir: folder of the full datasets.
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        DataError: the dataset's factors are not known, or its images do not have the model's size.
        LatentLabError: anything that `load_trained` and `datasets.load_dataset` raise.
    """
    trained = load_trained(run, which)
    data = load_run_dataset(run, dataset, data_dir, progress)
    if data.factors is None:
        raise DataError(
            f"The generative factors of {data.name!r} are not known, so disentanglement cannot be measured; train on "
            "sprites, or on a file in the format of dSprites."
        )
    codes = encode(trained, data.test_images, progress=progress)
    scores = disentanglement.scores(
        codes.mean, data.factors.test.numpy(), seed=seed, dci_model=dci_model, progress=progress
    )
    about = {"run": str(run.folder), "dataset": data.name, "step": trained.step, "factors": list(data.factors.names)}
    return {**about, **asdict(scores)}


def scores_of(
    run: Run,
    *,
    dci_model: DciModel = "forest",
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> FactorScores:
    """The stored scores of a run's final weights on its own dataset; computes and stores them if there are none.

    Args:
        run: a run that has ended.
        dci_model: one of `DCI_MODELS`; the scores under each are stored separately.
        data_dir: folder of the full datasets.
        progress: as for `disentangle_run`.

    Raises:
        CheckpointCorrupt: the run has no final weights.
        DiskError: neither the run's folder nor the cache can be written.
        LatentLabError: anything that `disentangle_run` raises.
    """
    stored = factor_scores(dci_model).read(run)
    if stored is not None:
        return stored
    digest = require_weights_digest(run)
    measured = disentangle_run(run, dci_model=dci_model, data_dir=data_dir, progress=progress)
    scores = factor_scores(dci_model).make(run, measured, digest)
    factor_scores(dci_model).write(run, scores)
    return scores
