"""Which runs are compared, and which of them is the base: in the address, so that a link shows the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.address import say_missing
from pages.common.session import all_runs, open_anywhere, shipped_sweep_ids
from vae_core.errors import LatentLabError
from vae_core.storage.runs import Run

RUNS_PARAMETER, BASE_PARAMETER = "runs", "base"
MOST = 100
MAX_TEXT = 41 * MOST


@dataclass(frozen=True)
class Chosen:
    """The runs of the comparison that can be read, and a sentence for each that cannot.

    Attributes:
        runs: in the order of the values of what differs, then of their seeds.
        problems: a sentence each.
        shipped: whether nobody chose and the shipped sweep is shown.
    """

    runs: list[Run]
    problems: list[str]
    shipped: bool


def chosen() -> Chosen:
    """What the address names, else the shipped sweep."""
    text = st.query_params.get(RUNS_PARAMETER)
    ids = shipped_sweep_ids() if text is None else [part for part in text[:MAX_TEXT].split(",") if part]
    runs: list[Run] = []
    problems: list[str] = []
    for run_id in list(dict.fromkeys(ids))[:MOST]:
        try:
            run = open_anywhere(run_id)
            run.status()
            runs.append(run)
        except LatentLabError as error:
            problems.append(str(error))
    return Chosen(runs, problems, text is None)


def choose(ids: list[str]) -> None:
    """Puts runs into the address."""
    st.query_params[RUNS_PARAMETER] = ",".join(ids)
    st.query_params.pop(BASE_PARAMETER, None)


def choose_shipped() -> None:
    for name in (RUNS_PARAMETER, BASE_PARAMETER):
        st.query_params.pop(name, None)


def picker(found: Chosen) -> None:
    """Picks runs from all that are here."""
    names = _names()
    picked = st.session_state.picked_runs = [run.id for run in found.runs if run.id in names]
    st.multiselect(
        "Runs", list(names), default=picked,  # else a page that mounts late shows none
        key="picked_runs", format_func=lambda run_id: names[run_id], on_change=_take_picked,
        placeholder="Choose runs", max_selections=MOST,
    )  # fmt: skip
    st.button("Show the shipped sweep", key="shipped", on_click=choose_shipped, width="stretch", disabled=found.shipped)


def _take_picked() -> None:
    choose(list(st.session_state.picked_runs))


@st.cache_data(ttl=5, max_entries=2, show_spinner=False)
def _names() -> dict[str, str]:
    return {run.id: f"{run.name} · seed {run.config.training.seed} · {run.id}" for run in all_runs()}


def base_of(found: Chosen) -> Run | None:
    """The run that the others are set against: the address's, else the first one."""
    wanted = st.query_params.get(BASE_PARAMETER)
    return next((run for run in found.runs if run.id == wanted), found.runs[0] if found.runs else None)


def base_picker(runs: Sequence[Run], base: Run, titles: dict[str, str]) -> None:
    """Chooses the base among the runs."""
    say_missing(BASE_PARAMETER, "run to compare with", [run.id for run in runs], titles[base.id])
    st.session_state.base_run = base.id
    ids = [run.id for run in runs]
    st.selectbox(
        "Base run", ids, index=ids.index(base.id),  # else a page that mounts late shows the first
        key="base_run", format_func=lambda run_id: titles[run_id],
        on_change=_take_base, help="The table gives the differences to it.",
    )  # fmt: skip


def _take_base() -> None:
    st.query_params[BASE_PARAMETER] = st.session_state.base_run
