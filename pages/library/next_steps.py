"""From a run to a new training: make it longer, start from a step that it keeps, or take its configuration."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.common.errors import literal, sentences
from pages.common.session import ORIGIN_PARAMETER, RUN_PARAMETER, manager
from pages.library.filters import is_own
from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.data.moved import check_there
from vae_core.storage import checkpoints
from vae_core.storage.listing import Summary
from vae_core.storage.runs import Run, make_longer
from vae_core.storage.sound import sound_steps
from vae_core.storage.states import State

TRAIN = "train/page.py"


def onward(one: Summary) -> None:
    """A button that opens the three ways."""
    with st.popover("Train on", icon=":material/fork_right:", key="onward"):
        _longer(one)
        _from_step(one)
        st.markdown("**New run from its configuration**")
        st.caption("The Train page opens with its dials set as this run's; the seed as well.")
        st.page_link(TRAIN, label="Set the dials", icon=":material/tune:", query_params=as_query(one.run.config))


def as_query(config: RunConfig, origin: str = "") -> dict[str, str]:
    """The address of the Train page with the dials of a configuration: what differs from the defaults."""
    usual = catalogue.usual_settings(config)
    differing = {name: value for name, value in config.flat().items() if value != usual[name]}
    query = {name: _text(value) for name, value in differing.items()}
    return {**query, ORIGIN_PARAMETER: origin} if origin else query


def _text(value: Any) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _longer(one: Summary) -> None:
    st.markdown("**Make it longer**")
    if one.shipped or not (one.state is State.DONE or one.state.can_resume):
        st.caption("A shipped model is not changed; copy it." if one.shipped else "It is being trained.")
        return
    now = one.run.config.training.epochs
    st.caption("The same run goes on from its newest step, to as many epochs in all.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input("Epochs in all", value=2 * now, step=1, format="%d", key="longer_epochs", width=140)
        if st.button("Go on", key="longer", icon=":material/resume:"):
            with sentences():
                checkpoints.check_resumable(one.run.folder)
                check_there(one.run)
                longer = make_longer(one.run, int(epochs))
                manager().resume(longer)
                st.switch_page(TRAIN, query_params={RUN_PARAMETER: one.id})


def _from_step(one: Summary) -> None:
    st.markdown("**Start from a step that it keeps**")
    steps = sorted(kept(one.run), reverse=True)
    if not steps:
        st.caption("It keeps no step.")
    elif not is_own(one.run.folder):
        st.caption("Copy it first: a new run starts from one of your own.")
    else:
        st.caption("A new run begins with those weights; on the Train page the other dials can be changed.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            step = st.selectbox("Step", steps, key="from_step", width=140)
            origin = f"{one.id}@{step}"
            st.page_link(
                TRAIN, label=literal(f"Set the dials, from step {step:,}"), icon=":material/fork_right:",
                query_params=as_query(one.run.config, origin),
            )  # fmt: skip


def kept(run: Run) -> dict[int, str]:
    """The steps of a run that another can start from, and the names of their files."""
    return sound_steps(run)
