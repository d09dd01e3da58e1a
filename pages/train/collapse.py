"""Where the code is expected to collapse: the beta beyond which a linear model would carry nothing, from the data at hand.

It needs torch, which no page waits for: a thread computes it once for each dataset and likelihood, and the dial shows it
when it is there.
"""

from __future__ import annotations

import gc
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from vae_core.config import RunConfig
from vae_core.data import catalogue

DELAY_SECONDS = 2.0
MAX_PIXELS = 2_000
"""Beyond it the covariance takes a minute of a core, which training needs more."""


@st.cache_resource(show_spinner=False)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="collapse")


@st.cache_resource(max_entries=64, show_spinner=False)
def _asked(dataset: str, likelihood: str, sigma: float) -> Future[float]:
    return _thread().submit(_compute, dataset, likelihood, sigma)


def expected_collapse(config: RunConfig) -> float | None:
    """The largest beta at which a linear model of these images and this likelihood still uses a dimension; None while it
    is not known, for an AE, for large images, and where the images are not on this machine yet."""
    likelihood = config.objective.likelihood
    here = {row.name for row in catalogue.describe() if row.where != "can be downloaded"}
    if config.model.model == "ae" or likelihood == "gaussian-learned" or config.data.dataset not in here:
        return None
    if math.prod(catalogue.find(config.data.dataset).shape) > MAX_PIXELS:
        return None
    asked = _asked(config.data.dataset, likelihood, config.objective.sigma)
    return asked.result() if asked.done() else None


def _compute(dataset: str, likelihood: str, sigma: float) -> float:
    time.sleep(DELAY_SECONDS)  # the page first: importing torch holds the interpreter
    from vae_core.config import ObjectiveConfig
    from vae_core.data.datasets import load
    from vae_core.evaluation.latents import collapse_beta
    from vae_core.objectives.likelihoods import build_likelihood

    objective = ObjectiveConfig.model_validate({"likelihood": likelihood, "sigma": sigma})
    found = float(collapse_beta(load(dataset).train_images, build_likelihood(objective))[0])
    gc.collect()
    gc.freeze()  # torch's objects never die; without this every full collection walks them
    return found
