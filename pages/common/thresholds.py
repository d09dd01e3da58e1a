"""Where the code is expected to collapse: the betas beyond which a linear model drops one dimension more, from the data
at hand.

It needs torch, which no page waits for: a thread computes them once for each dataset and likelihood.
"""

from __future__ import annotations

import gc
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.registry.likelihood_rows import LIKELIHOODS

DELAY_SECONDS = 2.0
MAX_PIXELS = 2_000
"""Beyond it the covariance takes a minute of a core, which training needs more."""
KEPT = 512
"""Thresholds that are kept: as many as a code can have numbers."""


def thresholds(config: RunConfig) -> Future[tuple[float, ...]] | None:
    """The betas at which one more dimension goes, the largest first; None for an AE, for a learned Gaussian, for large
    images, and where the images are not on this machine yet."""
    name, objective = config.data.dataset, config.objective
    learns_sigma = LIKELIHOODS[objective.likelihood].learns_sigma
    if not config.model.is_variational or learns_sigma or not catalogue.is_here(name):
        return None
    if math.prod(catalogue.find(name).shape) > MAX_PIXELS:
        return None
    return _asked(name, objective.likelihood, objective.sigma)


@st.cache_resource(show_spinner=False)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="thresholds")


@st.cache_resource(max_entries=64, show_spinner=False)
def _asked(dataset: str, likelihood: str, sigma: float) -> Future[tuple[float, ...]]:
    return _thread().submit(_compute, dataset, likelihood, sigma)


def _compute(dataset: str, likelihood: str, sigma: float) -> tuple[float, ...]:
    time.sleep(DELAY_SECONDS)  # the page first: importing torch holds the interpreter
    from vae_core.config import ObjectiveConfig
    from vae_core.data.datasets import load_dataset
    from vae_core.metrics.latents import collapse_beta
    from vae_core.objectives.likelihoods import build_likelihood

    objective = ObjectiveConfig.model_validate({"likelihood": likelihood, "sigma": sigma})
    found = collapse_beta(load_dataset(dataset).train_images, build_likelihood(objective))
    gc.collect()
    gc.freeze()  # torch's objects never die; without this every full collection walks them
    return tuple(found[:KEPT].tolist())
