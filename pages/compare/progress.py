"""How far the comparison's runs are, and the buttons that pause, go on with and stop all of them."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, sentences
from pages.common.session import manager
from pages.compare.compared import Compared
from vae_core.training.sweep import WORDS, Progress, Sweep


def sweep_of(found: Compared) -> Sweep:
    return Sweep(manager(), found.runs)


def progress(found: Compared, now: Progress) -> None:
    """Draws nothing once all are done."""
    if now.done == now.total:
        return
    with st.container(key="sweep-progress"):
        words = f"{now}{_left(now)}"
        st.progress(min(1.0, now.share), literal(words))
        with st.container(horizontal=True, vertical_alignment="center"):
            _buttons(found, now)
            with st.popover("Each run", icon=":material/list:", key="each-run"):
                for member in now.members:
                    place = f", place {member.place} in the queue" if member.place else ""
                    told = f"{WORDS.get(member.state, member.state)}, {member.share:.0%}{place}"
                    message = f". {member.message}" if member.message else ""
                    st.caption(literal(f"{found.title_with_seed(member.run)}: {told}{message}"))


def _left(now: Progress) -> str:
    """Where a run failed or diverged, or its scheduler was lost, the words say so, and its own line says why."""
    failed = [member for member in now.members if member.message and (member.state.has_failed or member.scheduler_lost)]
    return f". {failed[0].message}" if failed else ""


def _buttons(found: Compared, now: Progress) -> None:
    states = [member.state for member in now.members]
    if any(state.is_in_progress for state in states):
        st.button("Pause all", key="pause_all", icon=":material/pause:", on_click=_want, args=(found, "pause"))
    if any(state.should_resume for state in states):
        st.button("Go on", key="go_on_all", icon=":material/play_arrow:", on_click=_want, args=(found, "resume"))
    if any(state.is_active for state in states):
        st.button("Stop all", key="stop_all", icon=":material/stop:", on_click=_want, args=(found, "stop"))


def _want(found: Compared, what: str) -> None:
    """Shipped runs are done and none of these touches them."""
    with sentences():
        getattr(sweep_of(found), what)()
