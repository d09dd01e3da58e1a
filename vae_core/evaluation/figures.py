"""The figures of a run, as `evaluate` gives them: computed once and kept."""

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
    """Whether a run has no figures, or none with this many importance samples although it has a posterior."""
    kept = EVALUATION.read(run)
    return kept is None or (iw_samples is not None and run.config.model.model != "ae" and kept.iw_samples != iw_samples)


def figures_of(
    run: Run,
    *,
    iw_samples: int | None = None,
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Figures:
    """The kept figures of a run's final weights; computed and kept where there are none yet.

    They are of the run's own dataset, or where that would have to be downloaded of the bundled sample of it, which
    `dataset` then names.

    Args:
        run: a run that ended.
        iw_samples: also `iw_nll_nats` with this many importance samples; None asks for none.
        data_dir: of the full datasets.
        progress: is told what is done, and its share.

    Raises:
        CheckpointCorrupt, CheckpointIncompatible: there are no final weights, or they are damaged.
        DataError: the dataset is not here, and no sample of it either.
        DiskError: neither the run's folder nor the cache can be written.
    """
    kept = EVALUATION.read(run)
    if kept is not None and (iw_samples is None or kept.iw_samples == iw_samples):
        return kept
    digest = require_weights_digest(run)
    from vae_core.evaluation.trained import evaluate_run  # here, since it imports torch and kept figures need none

    own = run.config.data.dataset
    dataset = at_hand if (at_hand := catalogue.at_hand(own, data_dir)) != own else None
    if dataset is None and catalogue.needs_download(own, data_dir):
        raise DataError(f"The dataset {own!r} is not here; download it by training on it once.")
    found = evaluate_run(run, dataset=dataset, iw_samples=iw_samples, data_dir=data_dir, progress=progress)
    figures = EVALUATION.make(run, found, digest)
    EVALUATION.write(run, figures)
    return figures


GREY_PIXELS = (
    "These images have grey pixels, for which a Bernoulli gives no probability. The bound ranks models, but it is not the "
    "negative log-likelihood that papers report for black-and-white pixels; to compare with those, train with --binarize "
    "dynamic or fixed."
)


def notes_on(config: RunConfig, floor_nats: float | None) -> list[str]:
    """What has to be known to read a run's figures, one sentence or two each; empty if they need no note.

    Args:
        config: of the run.
        floor_nats: the floor among the figures. A Bernoulli's is the entropy of the pixels, so it is above 0 exactly if
            some are grey.
    """
    is_grey = LIKELIHOODS[config.objective.likelihood].is_of_bits and (floor_nats or 0.0) > 0
    return [GREY_PIXELS] if config.model.is_variational and is_grey else []
