"""The figures of a run, as the command `evaluate` prints them, computed once and stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.errors import DataError
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.storage.measurements import EVALUATION, Figures, require_weights_digest
from vae_core.storage.runs import Run


def lacks_figures(run: Run, iw_samples: int | None = None) -> bool:
    """Whether a run's figures are missing, or lack this number of importance samples although it has a posterior."""
    stored = EVALUATION.read(run)
    if stored is None:
        return True
    return iw_samples is not None and run.config.model.model != "ae" and stored.iw_samples != iw_samples


def figures_of(
    run: Run,
    *,
    iw_samples: int | None = None,
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Figures:
    """The stored figures of a run's final weights; computes and stores them if there are none.

    They are measured on the run's own dataset or, if that would have to be downloaded, on its bundled sample; the figures'
    `dataset` says which.

    Args:
        run: a run that has ended.
        iw_samples: importance samples per image for `iw_nll_nats`; None leaves it out.
        data_dir: folder of the full datasets.
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        CheckpointCorrupt: there are no final weights, or they are damaged.
        CheckpointIncompatible: the weights belong to another network.
        DataError: neither the dataset nor a sample of it is available.
        DiskError: neither the run's folder nor the cache can be written.
    """
    stored = EVALUATION.read(run)
    if stored is not None and (iw_samples is None or stored.iw_samples == iw_samples):
        return stored
    digest = require_weights_digest(run)
    from vae_core.evaluation.trained import evaluate_run  # here, because it imports torch, which reading does not need

    own = run.config.data.dataset
    dataset = at_hand if (at_hand := catalogue.at_hand(own, data_dir)) != own else None
    if dataset is None and catalogue.needs_download(own, data_dir):
        raise DataError(f"The dataset {own!r} is not on this machine; train on it once to download it.")
    measured = evaluate_run(run, dataset=dataset, iw_samples=iw_samples, data_dir=data_dir, progress=progress)
    figures = EVALUATION.make(run, measured, digest)
    EVALUATION.write(run, figures)
    return figures


GREY_PIXELS = (
    "These images have grey pixels, to which a Bernoulli gives no probability. The bound ranks models, but it is not the "
    "negative log-likelihood that papers report for black-and-white pixels; to compare with those, train with --binarize "
    "dynamic or fixed."
)


def notes_on(config: RunConfig, floor_nats: float | None) -> list[str]:
    """What a reader of a run's figures must know, one or two sentences per note; empty if they need none.

    Args:
        config: the run's configuration.
        floor_nats: the floor among the figures. A Bernoulli's is the entropy of the pixels, so it is above 0 exactly if
            some pixels are grey.
    """
    is_grey = LIKELIHOODS[config.objective.likelihood].is_of_bits and (floor_nats or 0.0) > 0
    return [GREY_PIXELS] if config.model.is_variational and is_grey else []
