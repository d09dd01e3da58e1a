"""Which runs are compared, and which is the base run. Both are in the URL, so that a link shows the same comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.query_params import report_missing
from pages.common.session import all_runs, open_anywhere, shipped_sweep_ids
from vae_core.errors import LatentLabError
from vae_core.storage.runs import Run

RUNS_PARAMETER, BASE_PARAMETER = "runs", "base"
MAX_RUNS = 100
MAX_TEXT = 41 * MAX_RUNS


@dataclass(frozen=True)
class ChosenRuns:
    """The readable runs of the comparison, and one sentence for each that cannot be read.

    Attributes:
        runs: the runs in the order chosen.
        problems: one sentence per run that cannot be read.
        shipped: whether the URL names no runs, so that the shipped sweep is shown.
    """

    runs: list[Run]
    problems: list[str]
    shipped: bool


def chosen_runs() -> ChosenRuns:
    """The runs that the URL names, otherwise the shipped sweep."""
    text = st.query_params.get(RUNS_PARAMETER)
    ids = shipped_sweep_ids() if text is None else [part for part in text[:MAX_TEXT].split(",") if part]
    runs: list[Run] = []
    problems: list[str] = []
    for run_id in list(dict.fromkeys(ids))[:MAX_RUNS]:
        try:
            run = open_anywhere(run_id)
            run.status()
            runs.append(run)
        except LatentLabError as error:
            problems.append(str(error))
    return ChosenRuns(runs, problems, text is None)


def choose_runs(ids: list[str]) -> None:
    """Writes the runs to the URL."""
    st.query_params[RUNS_PARAMETER] = ",".join(ids)
    st.query_params.pop(BASE_PARAMETER, None)


def choose_shipped() -> None:
    for name in (RUNS_PARAMETER, BASE_PARAMETER):
        st.query_params.pop(name, None)


def run_picker(chosen: ChosenRuns) -> None:
    """Draws the choice among all runs."""
    names = _names()
    picked = st.session_state.picked_runs = [run.id for run in chosen.runs if run.id in names]
    st.multiselect(
        "Runs", list(names), default=picked,  # else a page that mounts late shows none
        key="picked_runs", format_func=lambda run_id: names[run_id], on_change=_take_picked,
        placeholder="Choose runs", max_selections=MAX_RUNS,
    )  # fmt: skip
    st.button(
        "Show the shipped sweep", key="shipped", on_click=choose_shipped, width="stretch", disabled=chosen.shipped
    )


def _take_picked() -> None:
    choose_runs(list(st.session_state.picked_runs))


@st.cache_data(ttl=5, max_entries=2, show_spinner=False)
def _names() -> dict[str, str]:
    return {run.id: f"{run.name} · seed {run.config.training.seed} · {run.id}" for run in all_runs()}


def base_run(chosen: ChosenRuns) -> Run | None:
    """The run that the others are compared with: the one in the URL, otherwise the first."""
    requested = st.query_params.get(BASE_PARAMETER)
    return next((run for run in chosen.runs if run.id == requested), chosen.runs[0] if chosen.runs else None)


def base_picker(runs: Sequence[Run], base: Run, titles: dict[str, str]) -> None:
    """Draws the choice of the base run."""
    report_missing(BASE_PARAMETER, "run to compare with", [run.id for run in runs], titles[base.id])
    st.session_state.base_run = base.id
    ids = [run.id for run in runs]
    st.selectbox(
        "Base run", ids, index=ids.index(base.id),  # else a page that mounts late shows the first
        key="base_run", format_func=lambda run_id: titles[run_id],
        on_change=_take_base, help="The table shows each run's difference from this one.",
    )  # fmt: skip


def _take_base() -> None:
    st.query_params[BASE_PARAMETER] = st.session_state.base_run
