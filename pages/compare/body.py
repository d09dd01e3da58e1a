"""The Compare page: runs that differ in one setting, side by side, while they train and after."""

from __future__ import annotations

import streamlit as st

from pages.common.address import say_missing
from pages.common.errors import literal, sentences, show_error
from pages.common.session import manager
from pages.compare.choice import Chosen, base_of, base_picker, chosen, picker
from pages.compare.columns import film_view, picture_view
from pages.compare.compared import Compared, Standing, compared, figures_progress, measured, standing
from pages.compare.curves import curves
from pages.compare.disentangled import disentangled, has_factors
from pages.compare.numbers import numbers
from pages.compare.progress import progress, sweep_of
from pages.compare.setup import setup
from pages.compare.table import table
from vae_core.errors import LatentLabError
from vae_core.storage.states import State
from vae_core.training.equivalence import state_of

SOURCES = ("New sweep", "Pick runs")
VIEWS = ("Pictures", "Films", "Loss curves", "Table")
FACTORS = "Disentanglement"
"""One view more, where it is known what made the images."""
POLL_SECONDS = 1.0


def body() -> None:
    """All of the page below its title."""
    manager().warm()
    found = chosen()
    base = base_of(found)
    together = compared(found.runs, base) if base is not None else None
    with st.sidebar, sentences():
        _sidebar(found, together)
    if "sweep_error" in st.session_state:
        st.error(literal(st.session_state.pop("sweep_error")), icon=":material/error:")
    for problem in found.problems:
        st.error(literal(problem), icon=":material/error:")
    if together is None:
        st.info("No run is chosen: start a sweep or pick runs, in the panel on the left.", icon=":material/compare:")
        return
    _following(together)


def _sidebar(found: Chosen, together: Compared | None) -> None:
    say_missing("source", "way to choose runs", SOURCES, SOURCES[0])
    source = st.segmented_control(
        "Runs", SOURCES, default=SOURCES[0], required=True, key="source", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    if source == SOURCES[0]:
        with sentences():
            setup()
    else:
        picker(found)
    if together is not None:
        base_picker(together.runs, together.base, {run.id: together.title_with_seed(run) for run in together.runs})


def _following(found: Compared) -> None:
    """What follows the runs is drawn anew each second while one is active or being measured."""
    before = _stamp(found)
    states, measuring = before
    poll = POLL_SECONDS if measuring or any(state.is_active for state in states) else None
    st.fragment(lambda: _top(found, before), run_every=poll, key="compare-top")()
    views = (*VIEWS, FACTORS) if has_factors(found) else VIEWS
    say_missing("show", "view", views, VIEWS[0])
    view = st.segmented_control(
        "Below", views, default=VIEWS[0], required=True, key="show", bind="query-params", label_visibility="collapsed"
    )
    with sentences():
        if view == "Pictures":
            picture_view(found)
        elif view == FACTORS:
            disentangled(found)
        else:
            st.fragment(lambda: _view(found, str(view), before), run_every=poll, key="compare-view")()


def _stamp(found: Compared) -> tuple[tuple[State, ...], bool]:
    """What the whole page is drawn anew for: the states of the runs, and whether any figures are still to come."""
    states = tuple(state_of(run) for run in found.runs)
    return states, measured([run for run, state in zip(found.runs, states, strict=True) if state is State.DONE])


def _standings(found: Compared) -> list[Standing]:
    return [standing(run, found.field) for run in found.runs]


def _top(found: Compared, before: tuple[tuple[State, ...], bool]) -> None:
    if _stamp(found) != before:
        st.rerun()
    with sentences():
        progress(found, sweep_of(found).progress())
        figures_progress(found.runs)
        standings = _standings(found)
        for problem in dict.fromkeys(one.problem for one in standings if one.problem):
            show_error(LatentLabError(problem))
        numbers(found, standings)


def _view(found: Compared, view: str, before: tuple[tuple[State, ...], bool]) -> None:
    if _stamp(found) != before:  # a click here has asked for figures, which the page then follows
        st.rerun()
    with sentences():
        standings = _standings(found)
        if view == "Films":
            film_view(found, standings)
        elif view == "Loss curves":
            curves(found, standings)
        else:
            table(found, standings)
