"""Sensible betas, and where the code is expected to collapse: both from the data at hand."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal
from pages.common.jobs import redraw_until_ended
from pages.common.thresholds import thresholds, thresholds_job
from vae_core.config import RunConfig
from vae_core.evaluation.comparison import expected_active, suggested_betas
from vae_core.jobs import Job

USUAL = ("1", "2", "4", "8", "16")


def offered(base: RunConfig) -> list[str]:
    """Betas to choose from: the usual ones, and once the data is known those that suit it."""
    known = thresholds(base)
    suited = [f"{beta:g}" for beta in suggested_betas(known, base.model.latent)] if known else []
    return list(dict.fromkeys([*USUAL, *suited]))


def mark(base: RunConfig, values: list[str]) -> None:
    """Says where the code is expected to collapse, as soon as that is known."""
    job = thresholds_job(base)
    if job is not None:
        redraw_until_ended([job], lambda: _mark(base, job, values), key="mark")


def _mark(base: RunConfig, job: Job, values: list[str]) -> None:
    if job.is_active:
        st.caption("Looking at the images for sensible betas…")
        return
    if job.error is not None:
        st.caption(literal(str(job.error)))
        return
    betas, latent = thresholds(base), base.model.latent
    kept = [f"{expected_active(beta, betas, latent)} at β = {beta:g}" for beta in _numbers(values)]
    told = f" Of {latent} dimensions it would keep {', '.join(kept)}." if kept else ""
    suited = ", ".join(f"{beta:g}" for beta in suggested_betas(betas, latent))
    st.caption(
        f"A linear model of these images carries nothing above β ≈ {betas[0]:.3g}: there the code is expected to "
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
