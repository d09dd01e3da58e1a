"""The progress of the compared runs, and the buttons that pause, resume and stop all of them."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, show_errors
from pages.common.session import manager
from pages.compare.comparison import Comparison
from vae_core.training.sweep import WORDS, Progress, Sweep


def sweep_of(comparison: Comparison) -> Sweep:
    return Sweep(manager(), comparison.runs)


def progress(comparison: Comparison, now: Progress) -> None:
    """Draws the progress; nothing once all runs are done."""
    if now.done == now.total:
        return
    with st.container(key="sweep-progress"):
        st.progress(min(1.0, now.share), literal(f"{now}{_first_failure(now)}"))
        with st.container(horizontal=True, vertical_alignment="center"):
            _buttons(comparison, now)
            with st.popover("Each run", icon=":material/list:", key="each-run"):
                for member in now.members:
                    place = f", place {member.place} in the queue" if member.place else ""
                    state = f"{WORDS.get(member.state, member.state)}, {member.share:.0%}{place}"
                    message = f". {member.message}" if member.message else ""
                    st.caption(literal(f"{comparison.title_with_seed(member.run)}: {state}{message}"))


def _first_failure(now: Progress) -> str:
    """Why the first run failed or diverged, or lost its scheduler; empty if none did."""
    failed = [member for member in now.members if member.message and (member.state.has_failed or member.scheduler_lost)]
    return f". {failed[0].message}" if failed else ""


def _buttons(comparison: Comparison, now: Progress) -> None:
    states = [member.state for member in now.members]
    if any(state.is_in_progress for state in states):
        st.button("Pause all", key="pause_all", icon=":material/pause:", on_click=_request, args=(comparison, "pause"))
    if any(state.should_resume for state in states):
        st.button(
            "Go on", key="go_on_all", icon=":material/play_arrow:", on_click=_request, args=(comparison, "resume")
        )
    if any(state.is_active for state in states):
        st.button("Stop all", key="stop_all", icon=":material/stop:", on_click=_request, args=(comparison, "stop"))


def _request(comparison: Comparison, action: str) -> None:
    """Pauses, resumes or stops all runs. Shipped runs are done, so none of these affects them."""
    with show_errors():
        getattr(sweep_of(comparison), action)()
