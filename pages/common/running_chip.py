"""The chip in every page's sidebar: the active runs, one click away."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from pages.common.errors import literal
from pages.common.session import RUN_PARAMETER, manager
from vae_core.errors import LatentLabError
from vae_core.storage.runs import Run, Status
from vae_core.storage.states import State

POLL_SECONDS = 2.0
SHOWN = 2
LISTED = 40
SEEN = "chip_seen"
Colour = Literal["green", "blue", "orange", "gray", "red"]
BADGES: dict[State, tuple[Colour, str]] = {
    State.RUNNING: ("green", "play_arrow"),
    State.PAUSED: ("orange", "pause"),
    State.QUEUED: ("gray", "schedule"),
}


@st.fragment(run_every=POLL_SECONDS)
def running_chip() -> None:
    """Draws running, paused and queued runs with their progress; redrawn every two seconds."""
    active = [run for run in manager().active() if _is_active(run)]
    ended = _ended({run.id for run in active})
    with st.container(key="chips", gap="xxsmall"):
        if not active:
            st.caption("Nothing is training.")
            return
        for run in active[:SHOWN]:
            _line(run)
        rest = active[SHOWN:]
        if rest:
            with st.expander(f"and {len(rest)} more" + f", {ended} ended" * bool(ended), key="chips-more"):
                for run in rest[:LISTED]:
                    _link(run)


def _ended(active: set[str]) -> int:
    """How many of the runs that this session saw active have ended; the count restarts when no run is active."""
    seen: set[str] = st.session_state.get(SEEN, set()) | active if active else set()
    st.session_state[SEEN] = seen
    return len(seen - active)


def _is_active(run: Run) -> bool:
    try:
        return run.status().state.is_active
    except LatentLabError:  # removed after it was listed
        return False


def _line(run: Run) -> None:
    status = run.status()
    colour, icon = BADGES.get(status.state, BADGES[State.QUEUED])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(status.state, icon=f":material/{icon}:", color=colour, width="content")
        st.caption(_progress(status, manager().place(run)), width="content")
    _link(run)


def _link(run: Run) -> None:
    st.page_link("train/page.py", label=literal(run.name), query_params={RUN_PARAMETER: run.id})


def _progress(status: Status, place: int | None) -> str:
    """The place in the queue, "starting" while the worker starts, then the progress."""
    if place:
        return f"place {place} in the queue"
    if status.state is State.QUEUED or not status.total_steps:
        return "starting"
    return f"{status.step / status.total_steps:.0%}, epoch {status.epoch:.1f}"
