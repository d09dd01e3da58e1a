"""Suggested betas, and the beta above which the code is expected to collapse: both estimated from the images."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal
from pages.common.jobs import redraw_until_ended
from pages.common.thresholds import thresholds, thresholds_job
from vae_core.config import RunConfig
from vae_core.evaluation.comparison import expected_active, suggested_betas
from vae_core.jobs import Job

USUAL = ("1", "2", "4", "8", "16")


def offered_betas(base: RunConfig) -> list[str]:
    """Betas to choose from: the usual ones, and those suggested by the images once their thresholds are known."""
    betas = thresholds(base)
    suggested = [f"{beta:g}" for beta in suggested_betas(betas, base.model.latent)] if betas else []
    return list(dict.fromkeys([*USUAL, *suggested]))


def collapse_note(base: RunConfig, values: list[str]) -> None:
    """Says above which beta the code is expected to collapse, once that is known."""
    job = thresholds_job(base)
    if job is not None:
        redraw_until_ended([job], lambda: _collapse_note(base, job, values), key="mark")


def _collapse_note(base: RunConfig, job: Job, values: list[str]) -> None:
    if job.is_active:
        st.caption("Estimating suitable betas from the images…")
        return
    if job.error is not None:
        st.caption(literal(str(job.error)))
        return
    betas, latent = thresholds(base), base.model.latent
    kept = [f"{expected_active(beta, betas, latent)} at β = {beta:g}" for beta in _numbers(values)]
    active = f" Of {latent} dimensions it would keep {', '.join(kept)}." if kept else ""
    suggested = ", ".join(f"{beta:g}" for beta in suggested_betas(betas, latent))
    st.caption(
        f"The code is expected to collapse above β ≈ {betas[0]:.3g}, where a linear model of these images encodes "
        f"nothing.{active} Suggested betas: {suggested}."
    )


def _numbers(values: list[str]) -> list[float]:
    """The values that are numbers, sorted. The others are reported elsewhere."""
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except ValueError:
            continue
    return sorted(numbers)
