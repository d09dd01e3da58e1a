"""The chip in the sidebar of every page: what is running now, one click away."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from pages.common.errors import literal
from pages.common.session import RUN_PARAMETER, manager
from vae_core.errors import LatentLabError
from vae_core.storage.runs import Run

POLL_SECONDS = 2.0
SHOWN = 4
Colour = Literal["green", "blue", "orange", "gray", "red"]
BADGES: dict[str, tuple[Colour, str]] = {
    "running": ("green", "play_arrow"),
    "paused": ("orange", "pause"),
    "queued": ("gray", "schedule"),
}


@st.fragment(run_every=POLL_SECONDS)
def running_chip() -> None:
    """Running, paused and waiting runs, with their progress; redrawn every two seconds."""
    active = [run for run in manager().active() if _is_active(run)]
    if not active:
        st.caption("Nothing is training.")
        return
    for run in active[:SHOWN]:
        _line(run)
    if len(active) > SHOWN:
        st.caption(f"and {len(active) - SHOWN} more")


def _is_active(run: Run) -> bool:
    try:
        return run.status().state in BADGES
    except LatentLabError:  # removed between the list and the look
        return False


def _line(run: Run) -> None:
    status, name = run.status(), run.name
    place = manager().place(run)
    share = status.step / status.total_steps if status.total_steps else 0.0
    progress = f"place {place} in the queue" if place else f"{share:.0%}, epoch {status.epoch:.1f}"
    colour, icon = BADGES.get(status.state, BADGES["queued"])
    st.badge(status.state, icon=f":material/{icon}:", color=colour)
    st.page_link("train/page.py", label=literal(name), query_params={RUN_PARAMETER: run.id})
    st.caption(progress)
