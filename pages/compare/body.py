"""The Compare page: runs that differ in one setting, side by side, during and after training."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, show_error, show_errors
from pages.common.query_params import report_missing
from pages.common.session import manager
from pages.compare.chosen_runs import ChosenRuns, base_picker, base_run, chosen_runs, run_picker
from pages.compare.comparison import (
    Comparison,
    RunSnapshot,
    compare_runs,
    figures_progress,
    start_missing_figures,
    take_snapshot,
)
from pages.compare.curves import curves
from pages.compare.disentanglement import disentanglement, has_factors
from pages.compare.numbers import numbers
from pages.compare.progress import progress, sweep_of
from pages.compare.setup import setup
from pages.compare.side_by_side import film_view, picture_view
from pages.compare.table import table
from vae_core.errors import LatentLabError
from vae_core.storage.states import State
from vae_core.training.equivalence import state_of

SOURCES = ("New sweep", "Pick runs")
VIEWS = ("Pictures", "Films", "Loss curves", "Table")
FACTORS = "Disentanglement"
"""The extra view for datasets whose generative factors are known."""
POLL_SECONDS = 1.0


def body() -> None:
    """Draws the page below its title."""
    manager().warm()
    chosen = chosen_runs()
    base = base_run(chosen)
    comparison = compare_runs(chosen.runs, base) if base is not None else None
    with st.sidebar, show_errors():
        _sidebar(chosen, comparison)
    if "sweep_error" in st.session_state:
        st.error(literal(st.session_state.pop("sweep_error")), icon=":material/error:")
    for problem in chosen.problems:
        st.error(literal(problem), icon=":material/error:")
    if comparison is None:
        st.info("No runs are chosen. Start a sweep or pick runs in the panel on the left.", icon=":material/compare:")
        return
    _draw_comparison(comparison)


def _sidebar(chosen: ChosenRuns, comparison: Comparison | None) -> None:
    report_missing("source", "way to choose runs", SOURCES, SOURCES[0])
    source = st.segmented_control(
        "Runs", SOURCES, default=SOURCES[0], required=True, key="source", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    if source == SOURCES[0]:
        with show_errors():
            setup()
    else:
        run_picker(chosen)
    if comparison is not None:
        titles = {run.id: comparison.title_with_seed(run) for run in comparison.runs}
        base_picker(comparison.runs, comparison.base, titles)


def _draw_comparison(comparison: Comparison) -> None:
    """Draws everything that follows the runs; every second while one is active or its figures are being computed."""
    before = _stamp(comparison)
    states, measuring = before
    poll = POLL_SECONDS if measuring or any(state.is_active for state in states) else None
    st.fragment(lambda: _top(comparison, before), run_every=poll, key="compare-top")()
    views = (*VIEWS, FACTORS) if has_factors(comparison) else VIEWS
    report_missing("show", "view", views, VIEWS[0])
    view = st.segmented_control(
        "Below", views, default=VIEWS[0], required=True, key="show", bind="query-params", label_visibility="collapsed"
    )
    with show_errors():
        if view == "Pictures":
            picture_view(comparison)
        elif view == FACTORS:
            disentanglement(comparison)
        else:
            st.fragment(lambda: _view(comparison, str(view), before), run_every=poll, key="compare-view")()


def _stamp(comparison: Comparison) -> tuple[tuple[State, ...], bool]:
    """What redraws the whole page if it changes: the runs' states, and whether any figures are still to come."""
    states = tuple(state_of(run) for run in comparison.runs)
    return states, start_missing_figures(
        [run for run, state in zip(comparison.runs, states, strict=True) if state is State.DONE]
    )


def _snapshots(comparison: Comparison) -> list[RunSnapshot]:
    return [take_snapshot(run, comparison.field) for run in comparison.runs]


def _top(comparison: Comparison, before: tuple[tuple[State, ...], bool]) -> None:
    if _stamp(comparison) != before:
        st.rerun()
    with show_errors():
        progress(comparison, sweep_of(comparison).progress())
        figures_progress(comparison.runs)
        snapshots = _snapshots(comparison)
        for problem in dict.fromkeys(snapshot.problem for snapshot in snapshots if snapshot.problem):
            show_error(LatentLabError(problem))
        numbers(comparison, snapshots)


def _view(comparison: Comparison, view: str, before: tuple[tuple[State, ...], bool]) -> None:
    if _stamp(comparison) != before:  # a click here has requested figures, which the whole page then follows
        st.rerun()
    with show_errors():
        snapshots = _snapshots(comparison)
        if view == "Films":
            film_view(comparison, snapshots)
        elif view == "Loss curves":
            curves(comparison, snapshots)
        else:
            table(comparison, snapshots)
