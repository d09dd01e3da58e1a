"""Where the code is expected to collapse: the betas above which a linear model of the images loses one more dimension.

The command `collapse` computes them in the background, once for each dataset and likelihood.
"""

from __future__ import annotations

import math

from pages.common.jobs import runner
from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.jobs import Job, cli_command
from vae_core.registry.likelihood_rows import LIKELIHOODS

MAX_PIXELS = 2_000
"""For larger images, the covariance takes a core a minute, which training needs more."""


def thresholds_job(config: RunConfig) -> Job | None:
    """The job that computes the thresholds of a configuration; it is started if necessary.

    Returns:
        None for an autoencoder, for a learned sigma, for large images, and if the images are not on this machine yet.
    """
    name, objective = config.data.dataset, config.objective
    learns_sigma = LIKELIHOODS[objective.likelihood].learns_sigma
    if not config.model.is_variational or learns_sigma or not catalogue.is_here(name):
        return None
    if math.prod(catalogue.find(name).shape) > MAX_PIXELS:
        return None
    options = ("--dataset", name, "--likelihood", objective.likelihood, "--sigma", f"{objective.sigma:.17g}")
    key = ("thresholds", *options)
    return runner().get(key) or runner().start(key, cli_command("collapse", *options))


def thresholds(config: RunConfig) -> tuple[float, ...]:
    """The betas at which one more dimension collapses, the largest first; empty until they are known."""
    job = thresholds_job(config)
    return () if job is None or job.result is None else tuple(job.result["thresholds"])
