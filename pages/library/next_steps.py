"""Continuing from a run: extend it, start a new run from one of its steps, or reuse its configuration."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.common.errors import literal, show_errors
from pages.common.session import ORIGIN_PARAMETER, RUN_PARAMETER, manager
from pages.library.filters import is_own
from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.data.relocation import check_images_exist
from vae_core.storage import checkpoints
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run, extend_run
from vae_core.storage.states import State
from vae_core.storage.usable_steps import usable_steps

TRAIN = "train/page.py"


def train_on_button(summary: Summary) -> None:
    """Draws a button that opens the three choices."""
    with st.popover("Train on", icon=":material/fork_right:", key="onward"):
        _extend(summary)
        _from_step(summary)
        st.markdown("**New run from its configuration**")
        st.caption("Opens the Train page with all settings of this run, including the seed.")
        st.page_link(TRAIN, label="Open in Train", icon=":material/tune:", query_params=as_query(summary.run.config))


def as_query(config: RunConfig, origin: str = "") -> dict[str, str]:
    """Returns the query of the Train page for a configuration: the settings that differ from the defaults."""
    usual = catalogue.usual_settings(config)
    differing = {name: value for name, value in config.flat().items() if value != usual[name]}
    query = {name: _text(value) for name, value in differing.items()}
    return {**query, ORIGIN_PARAMETER: origin} if origin else query


def _text(value: Any) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _extend(summary: Summary) -> None:
    st.markdown("**Train it longer**")
    if summary.shipped or not (summary.state is State.DONE or summary.state.can_resume):
        st.caption("A shipped model cannot be changed; copy it." if summary.shipped else "It is being trained.")
        return
    now = summary.run.config.training.epochs
    st.caption("The same run continues from its newest step, up to the total number of epochs.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input("Epochs in total", value=2 * now, step=1, format="%d", key="longer_epochs", width=140)
        if st.button("Continue", key="longer", icon=":material/resume:"):
            with show_errors():
                checkpoints.check_resumable(summary.run.folder)
                check_images_exist(summary.run)
                manager().resume(extend_run(summary.run, int(epochs)))
                st.switch_page(TRAIN, query_params={RUN_PARAMETER: summary.id})


def _from_step(summary: Summary) -> None:
    st.markdown("**Start a new run from one of its steps**")
    steps = sorted(kept(summary.run), reverse=True)
    if not steps:
        st.caption("No steps are kept.")
    elif not is_own(summary.run.folder):
        st.caption("Copy it first: a new run can only start from a run of your own.")
    else:
        st.caption("A new run starts with these weights; its other settings can be changed on the Train page.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            step = st.selectbox("Step", steps, key="from_step", width=140)
            origin = f"{summary.id}@{step}"
            st.page_link(
                TRAIN, label=literal(f"Open in Train, from step {step:,}"), icon=":material/fork_right:",
                query_params=as_query(summary.run.config, origin),
            )  # fmt: skip


def kept(run: Run) -> dict[int, str]:
    """Returns the steps from which another run can start, with the names of their checkpoints."""
    return usable_steps(run)
