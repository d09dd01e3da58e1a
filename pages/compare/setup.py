"""A new sweep: its settings, an estimate of its cost, and the button that starts it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.common.errors import literal
from pages.common.session import manager, roots
from pages.compare import dials
from pages.compare.chosen_runs import choose_runs
from pages.compare.cluster import executor, scheduler
from pages.compare.suggested_betas import collapse_note, offered_betas
from vae_core.config import RunConfig, make_config, warnings_for
from vae_core.data import catalogue
from vae_core.errors import LatentLabError
from vae_core.training.sweep import Sweep, estimate, sweep_configs

AE_BESIDE_VAE = "An AE beside a VAE"


def setup() -> None:
    """Draws the settings and the start button, which is disabled with a one-sentence reason if a setting is invalid."""
    st.button(
        AE_BESIDE_VAE, key="ae_vae", icon=":material/compare:", width="stretch", on_click=_ae_beside_vae,
        help="The same network without and with a prior: varies 'model' instead of beta.",
    )  # fmt: skip
    configs, error = _requested()
    with st.expander("Train on a cluster", icon=":material/lan:"):
        address, allowed = scheduler()
    if error:
        st.error(literal(error), icon=":material/error:")
    st.button(
        "Start the sweep", key="sweep", type="primary", icon=":material/play_arrow:", width="stretch",
        disabled=not (configs and allowed), on_click=_start, args=(configs, address),
    )  # fmt: skip
    if configs:
        st.caption(
            f"{len(configs)} run{'' if len(configs) == 1 else 's'}, on the cluster." if address else _cost(configs)
        )
        for warning in dict.fromkeys(warning for config in configs for warning in warnings_for(config)):
            st.warning(warning, icon=":material/warning:")


def _requested() -> tuple[list[RunConfig], str]:
    """The configurations of the sweep, and what is wrong with the settings, as a sentence."""
    dataset, field = dials.dataset(), dials.field()
    values_place, about, seeds_place = st.container(), st.container(), st.container()
    shared = dials.common(field)
    base, wrong = _base(dataset, shared)
    with values_place:
        values = dials.values(field, offered_betas(base) if base is not None and field == "beta" else [])
    with seeds_place:
        seeds = dials.seeds()
    if base is None:
        return [], wrong
    if field == "beta":
        with about:
            collapse_note(base, values)
    try:
        return sweep_configs(base, field, values, seeds), ""
    except LatentLabError as error:
        return [], str(error)


def _base(dataset: str, shared: dict[str, Any]) -> tuple[RunConfig | None, str]:
    try:
        return catalogue.settled(make_config(dataset=dataset, **shared)), ""
    except LatentLabError as error:
        return None, str(error)


@st.cache_data(ttl=5, max_entries=64, show_spinner=False)
def _cost(configs: list[RunConfig]) -> str:
    return f"{estimate(configs, roots(), manager().slots)}."


def _start(configs: list[RunConfig], address: str) -> None:
    """Starts the runs that do not exist yet; the page then shows the whole sweep."""
    try:
        sweep = Sweep.start(executor(address), configs, roots())
    except LatentLabError as error:
        st.session_state.sweep_error = str(error)
        return
    choose_runs([run.id for run in sweep.runs])


def _ae_beside_vae() -> None:
    st.session_state.field = "model"
    st.session_state["values"] = ["ae", "vae"]
    st.session_state.seeds = ["0"]
