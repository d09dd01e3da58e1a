"""Sensible betas, and where the code is expected to collapse: both from the data at hand."""

from __future__ import annotations

from concurrent.futures import Future

import streamlit as st

from pages.common.errors import literal
from pages.common.thresholds import thresholds
from vae_core.config import RunConfig
from vae_core.errors import LatentLabError
from vae_core.evaluation.comparison import expected_active, suggested_betas

USUAL = ("1", "2", "4", "8", "16")
POLL_SECONDS = 1.0


def offered(base: RunConfig) -> list[str]:
    """Betas to choose from: the usual ones, and once the data is known those that suit it."""
    asked = thresholds(base)
    known = asked is not None and asked.done() and asked.exception() is None
    suited = [f"{beta:g}" for beta in suggested_betas(asked.result(), base.model.latent)] if asked and known else []
    return list(dict.fromkeys([*USUAL, *suited]))


def mark(base: RunConfig, values: list[str]) -> None:
    """Says where the code is expected to collapse, as soon as that is known."""
    asked = thresholds(base)
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
    betas, latent = asked.result(), base.model.latent
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
