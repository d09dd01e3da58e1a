"""Library: all runs and shipped models, to find, to keep in order and to carry elsewhere."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, sentences, show_error
from pages.common.session import manager, open_anywhere
from pages.library.actions import actions
from pages.library.details import card
from pages.library.filters import choose, choose_wanted, chosen_ids, everything, fitting
from pages.library.table import live, table
from pages.library.transfer import bring_in, tell
from pages.library.trash import bin_view
from pages.library.undo import deleted
from vae_core.errors import LatentLabError, RunNotFound
from vae_core.storage.run_summaries import Summary

SHELVES = ("Runs", "Trash")
PROBLEMS_SHOWN = 20


def page() -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Library", anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            shelf = st.segmented_control(
                "Shelf", SHELVES, default=SHELVES[0], required=True, key="shelf", bind="query-params",
                label_visibility="collapsed", width="content",
            )  # fmt: skip
            bring_in()
    tell()
    if shelf == "Trash":
        with sentences():
            bin_view()
    else:
        _runs()


def _runs() -> None:
    rows, problems = everything()
    wanted = choose_wanted(rows)
    fits = fitting(rows, wanted)
    chosen = _chosen(rows)
    shown = table(fits, len(rows), [one.id for one in chosen], wanted, deleted(wanted))
    _say_problems(problems)
    if chosen:
        actions(chosen, fits, wanted)
    if len(chosen) == 1:
        card(chosen[0], rows)
    elif not chosen and not any(not one.shipped for one in rows):
        _nothing_yet()
    live(shown)


def _chosen(rows: list[Summary]) -> list[Summary]:
    """The runs that the address names; of one that is not here it is said why, and it is forgotten."""
    by_id, ids = {one.id: one for one in rows}, chosen_ids()
    missing = [run_id for run_id in ids if run_id not in by_id]
    for run_id in missing:
        try:
            open_anywhere(run_id).status()
        except RunNotFound:
            st.error(literal(f"The run {run_id[:40]!r} is gone; choose another one."), icon=":material/error:")
        except LatentLabError as error:
            show_error(error)
    if missing:
        choose([run_id for run_id in ids if run_id in by_id])
    return [by_id[run_id] for run_id in ids if run_id in by_id]


def _say_problems(problems: list[str]) -> None:
    if problems:
        with st.expander(f"Folders that cannot be read ({len(problems)})", icon=":material/warning:"):
            for sentence in problems[:PROBLEMS_SHOWN]:
                st.text(sentence)


def _nothing_yet() -> None:
    st.info(
        "You have no runs of your own yet: train one, or import a file from another machine. The shipped models are "
        "here to look at; a copy of one can be changed.",
        icon=":material/inventory_2:",
    )
    st.page_link("train/page.py", label="Train a model", icon=":material/model_training:")


manager()
page()
