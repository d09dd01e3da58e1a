"""The actions on the chosen runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.common.errors import literal, show_errors
from pages.common.run_states import colour_of
from pages.common.session import RUN_PARAMETER, manager
from pages.library.filters import CHOSEN_PARAMETER, Filters, choose
from pages.library.next_steps import train_on_button
from pages.library.transfer import copy_button, export, verify_button
from pages.library.undo import delete, stop_and_wait
from vae_core.storage import files
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run, edit_notes

COMPARE = "compare/page.py"
SAVED = "notes_saved"
"""Key in the session state: how often a name and notes were saved. Each save makes a new popover, because one that is told
to close while the browser is still reporting that it was opened would stay open."""
MODEL_PARAMETER = "trained"  # of the Generate page, whose modules import torch


def actions(chosen: Sequence[Summary], matching: Sequence[Summary], filters: Filters) -> None:
    """Draws a row of buttons: those for a single run, or those that also work for several."""
    summary = chosen[0] if len(chosen) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center"):
        if summary is not None:
            st.badge(summary.state, color=colour_of(summary.state))
        st.markdown(f"**{literal(summary.name) if summary else f'{len(chosen)} runs'}**", width="content")
        st.button("Clear", key="unchoose", type="tertiary", on_click=choose, args=([],), help="Deselects all runs.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="library-actions"):
        if summary is not None:
            _open(summary)
        _compare(chosen)
        if summary is not None:
            train_on_button(summary)
            if not summary.shipped:
                _notes(summary)
            copy_button(summary)
        export(chosen)
        _stop([each.run for each in chosen if each.state.is_active])
        _delete([each for each in chosen if not each.shipped], matching, filters)
    if summary is not None and not summary.verified:
        st.warning("Its weights were copied in by hand and are not used until they have been checked.")
        verify_button(summary)


def _open(summary: Summary) -> None:
    usable = files.is_there(summary.run.folder / "model.json")
    st.page_link(
        "generate/page.py", label="Generate", icon=":material/auto_awesome:", disabled=not usable,
        query_params={MODEL_PARAMETER: summary.id} if usable else None,
        help=None if usable else "A run can generate images once its training has ended.",
    )  # fmt: skip
    st.page_link(
        "train/page.py", label="Train", icon=":material/model_training:", query_params={RUN_PARAMETER: summary.id},
        help="Shows the curves, film and figures of its training, past or current.",
    )  # fmt: skip


def _compare(chosen: Sequence[Summary]) -> None:
    if (Path(__file__).parents[1] / COMPARE).exists():
        st.page_link(
            COMPARE, label="Compare", icon=":material/compare:",
            query_params={CHOSEN_PARAMETER: ",".join(each.id for each in chosen)},
        )  # fmt: skip


def _notes(summary: Summary) -> None:
    """Draws the form for name and notes, which are stored beside the run and do not change it."""
    with (
        st.popover(
            "Name and notes", icon=":material/edit:", key=f"notes-{st.session_state.get(SAVED, 0)}", on_change="rerun"
        ),
        st.form(f"form-{summary.id}", border=False),
    ):
        # no max_chars: the browser would silently refuse a longer text
        st.text_input("Name", summary.notes.name, key=f"name-{summary.id}", placeholder=summary.name)
        st.text_area("Notes", summary.notes.notes, key=f"text-{summary.id}")
        st.form_submit_button(
            "Save", key="save_notes", icon=":material/save:", on_click=_save_notes, args=(summary.run,)
        )


def _save_notes(run: Run) -> None:
    """Saves the form and closes it; if that fails, it stays open below an error message."""
    with show_errors():
        edit_notes(run, name=st.session_state[f"name-{run.id}"], notes=st.session_state[f"text-{run.id}"])
        st.toast("Saved.", icon=":material/check:")
        st.session_state[SAVED] = st.session_state.get(SAVED, 0) + 1


def _stop(active: Sequence[Run]) -> None:
    if active:
        st.button("Stop", key="stop_chosen", icon=":material/stop:", on_click=_stop_all, args=(active,))


def _stop_all(active: Sequence[Run]) -> None:
    for run in active:
        with show_errors():
            manager().stop(run)


def _delete(own: Sequence[Summary], matching: Sequence[Summary], filters: Filters) -> None:
    """Draws the button that moves runs to the trash, after stopping those that are being trained if the user agrees."""
    if not own:
        return
    active = [each for each in own if each.state.is_active]
    if not active:
        st.button("Delete", key="delete", icon=":material/delete:", on_click=delete, args=(own, matching, filters))
        return
    with st.popover("Delete", icon=":material/delete:", key="delete_active"):
        st.markdown("It is being trained." if len(own) == 1 else f"{len(active)} of them are being trained.")
        if st.button("Stop, then delete", key="stop_and_delete", type="primary"):
            with show_errors():
                with st.spinner("Saving and stopping"):
                    stop_and_wait([each.run for each in active])
                delete(own, matching, filters)
                st.rerun()
