"""Library: find, organise, export and import runs and shipped models."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, show_error, show_errors
from pages.common.session import manager, open_anywhere
from pages.library.actions import actions
from pages.library.details import details
from pages.library.filters import all_runs, choose, chosen_ids, filter_controls, matching_rows
from pages.library.table import live, table
from pages.library.transfer import import_button, show_import_errors
from pages.library.trash import trash_view
from pages.library.undo import recently_deleted
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
            import_button()
    show_import_errors()
    if shelf == "Trash":
        with show_errors():
            trash_view()
    else:
        _runs()


def _runs() -> None:
    rows, problems = all_runs()
    filters = filter_controls(rows)
    matching = matching_rows(rows, filters)
    chosen = _chosen(rows)
    shown = table(matching, len(rows), [each.id for each in chosen], filters, recently_deleted(filters))
    _say_problems(problems)
    if chosen:
        actions(chosen, matching, filters)
    if len(chosen) == 1:
        details(chosen[0], rows)
    elif not chosen and all(row.shipped for row in rows):
        _nothing_yet()
    live(shown)


def _chosen(rows: list[Summary]) -> list[Summary]:
    """Returns the runs named in the URL; drops those that cannot be opened from the URL and says why."""
    by_id, ids = {row.id: row for row in rows}, chosen_ids()
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
        "You have no runs of your own yet: train one, or import one from another machine. The shipped models are "
        "read-only; copy one to change it.",
        icon=":material/inventory_2:",
    )
    st.page_link("train/page.py", label="Train a model", icon=":material/model_training:")


manager()
page()
