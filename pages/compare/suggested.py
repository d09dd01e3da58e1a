"""Sensible betas, and where the code is expected to collapse: both from the data at hand, computed once in a thread."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from pages.common.errors import literal
from vae_core.config import ObjectiveConfig, RunConfig
from vae_core.data import catalogue
from vae_core.data.datasets import load
from vae_core.errors import LatentLabError
from vae_core.evaluation.comparison import expected_active, suggested_betas
from vae_core.evaluation.latents import collapse_beta
from vae_core.objectives.likelihoods import build_likelihood

USUAL = ("1", "2", "4", "8", "16")
POLL_SECONDS = 1.0
KEPT = 512
"""Thresholds that are kept: as many as a code can have numbers."""


@st.cache_resource(show_spinner=False)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="suggested")


@st.cache_resource(max_entries=64, show_spinner=False)
def _asked(dataset: str, likelihood: str, sigma: float) -> Future[tuple[float, ...]]:
    return _thread().submit(_compute, dataset, likelihood, sigma)


def _compute(dataset: str, likelihood: str, sigma: float) -> tuple[float, ...]:
    objective = ObjectiveConfig.model_validate({"likelihood": likelihood, "sigma": sigma})
    found = collapse_beta(load(dataset).train_images, build_likelihood(objective))
    return tuple(found[:KEPT].tolist())


def _thresholds(base: RunConfig) -> Future[tuple[float, ...]] | None:
    """The betas at which one more dimension goes; None for an AE, and where the images are not on this machine yet."""
    here = {row.name for row in catalogue.describe() if row.where != "can be downloaded"}
    objective = base.objective
    if base.model.model == "ae" or objective.likelihood == "gaussian-learned" or base.data.dataset not in here:
        return None
    return _asked(base.data.dataset, objective.likelihood, objective.sigma)


def offered(base: RunConfig) -> list[str]:
    """Betas to choose from: the usual ones, and once the data is known those that suit it."""
    asked = _thresholds(base)
    known = asked is not None and asked.done() and asked.exception() is None
    suited = [f"{beta:g}" for beta in suggested_betas(asked.result(), base.model.latent)] if asked and known else []
    return list(dict.fromkeys([*USUAL, *suited]))


def mark(base: RunConfig, values: list[str]) -> None:
    """Says where the code is expected to collapse, as soon as that is known."""
    asked = _thresholds(base)
    if asked is None:
        return
    before = asked.done()
    st.fragment(lambda: _mark(base, asked, values, before), run_every=None if before else POLL_SECONDS, key="mark")()


def _mark(base: RunConfig, asked: Future[tuple[float, ...]], values: list[str], before: bool) -> None:
    if not asked.done():
        st.caption("Looking at the images for sensible betas…")
        return
    if not before:
        st.rerun()
    error = asked.exception()
    if isinstance(error, LatentLabError):
        st.caption(literal(str(error)))
        return
    thresholds, latent = asked.result(), base.model.latent
    kept = [f"{expected_active(beta, thresholds, latent)} at β = {beta:g}" for beta in _numbers(values)]
    told = f" Of {latent} dimensions it would keep {', '.join(kept)}." if kept else ""
    suited = ", ".join(f"{beta:g}" for beta in suggested_betas(thresholds, latent))
    st.caption(
        f"A linear model of these images carries nothing above β ≈ {thresholds[0]:.3g}: there the code is expected to "
        f"collapse.{told} Betas that suit: {suited}."
    )


def _numbers(values: list[str]) -> list[float]:
    """Those that are numbers; about the others there is a sentence elsewhere."""
    found = []
    for value in values:
        try:
            found.append(float(value))
        except ValueError:
            continue
    return sorted(found)
