"""What can be done with the chosen runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.common.errors import literal, sentences
from pages.common.session import RUN_PARAMETER, manager
from pages.common.states import colour_of
from pages.library.filters import CHOSEN_PARAMETER, Wanted, choose
from pages.library.next_steps import onward
from pages.library.transfer import check_button, copy_button, export
from pages.library.undo import delete, stop_and_wait
from vae_core.storage import files
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run, edit_notes

COMPARE = "compare/page.py"
SAVED = "notes_saved"
"""In the session: how often a name and notes were saved. A new popover each time: one that is told to close while the
browser's word that it opened is still on its way stays open."""
MODEL_PARAMETER = "trained"  # of the Generate page, whose modules import torch


def actions(chosen: Sequence[Summary], fits: Sequence[Summary], wanted: Wanted) -> None:
    """A line of buttons: those of one run, or those that make sense for several."""
    one = chosen[0] if len(chosen) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center"):
        if one is not None:
            st.badge(one.state, color=colour_of(one.state))
        st.markdown(f"**{literal(one.name) if one else f'{len(chosen)} runs'}**", width="content")
        st.button("Clear", key="unchoose", type="tertiary", on_click=choose, args=([],), help="Chooses nothing.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="library-actions"):
        if one is not None:
            _open(one)
        _compare(chosen)
        if one is not None:
            onward(one)
            if not one.shipped:
                _notes(one)
            copy_button(one)
        export(chosen)
        _stop([each.run for each in chosen if each.state.is_active])
        _delete([each for each in chosen if not each.shipped], fits, wanted)
    if one is not None and not one.verified:
        st.warning("Its weights were copied in by hand and are not believed before they are checked.")
        check_button(one)


def _open(one: Summary) -> None:
    usable = files.is_there(one.run.folder / "model.json")
    st.page_link(
        "generate/page.py", label="Generate", icon=":material/auto_awesome:", disabled=not usable,
        query_params={MODEL_PARAMETER: one.id} if usable else None,
        help=None if usable else "There is nothing to generate with before its training has ended.",
    )  # fmt: skip
    st.page_link(
        "train/page.py", label="Train", icon=":material/model_training:", query_params={RUN_PARAMETER: one.id},
        help="Its curves, film and figures as they were, or are, while it trains.",
    )  # fmt: skip


def _compare(chosen: Sequence[Summary]) -> None:
    if (Path(__file__).parents[1] / COMPARE).exists():
        st.page_link(
            COMPARE, label="Compare", icon=":material/compare:",
            query_params={CHOSEN_PARAMETER: ",".join(one.id for one in chosen)},
        )  # fmt: skip


def _notes(one: Summary) -> None:
    """Name and notes, which stand beside the run; the run itself does not change."""
    with (
        st.popover(
            "Name and notes", icon=":material/edit:", key=f"notes-{st.session_state.get(SAVED, 0)}", on_change="rerun"
        ),
        st.form(f"form-{one.id}", border=False),
    ):
        # no max_chars: a browser then refuses a longer text without a word
        st.text_input("Name", one.notes.name, key=f"name-{one.id}", placeholder=one.name)
        st.text_area("Notes", one.notes.notes, key=f"text-{one.id}")
        st.form_submit_button("Save", key="save_notes", icon=":material/save:", on_click=_save_notes, args=(one.run,))


def _save_notes(run: Run) -> None:
    """Saves what the form holds, and closes it; it stays open with a sentence above it where that fails."""
    with sentences():
        edit_notes(run, name=st.session_state[f"name-{run.id}"], notes=st.session_state[f"text-{run.id}"])
        st.toast("Saved.", icon=":material/check:")
        st.session_state[SAVED] = st.session_state.get(SAVED, 0) + 1


def _stop(active: Sequence[Run]) -> None:
    if active:
        st.button("Stop", key="stop_chosen", icon=":material/stop:", on_click=_stop_all, args=(active,))


def _stop_all(active: Sequence[Run]) -> None:
    for run in active:
        with sentences():
            manager().stop(run)


def _delete(own: Sequence[Summary], fits: Sequence[Summary], wanted: Wanted) -> None:
    """To the trash, with a way back; what is being trained is stopped first, and only on request."""
    if not own:
        return
    active = [one for one in own if one.state.is_active]
    if not active:
        st.button("Delete", key="delete", icon=":material/delete:", on_click=delete, args=(own, fits, wanted))
        return
    with st.popover("Delete", icon=":material/delete:", key="delete_active"):
        st.markdown("It is being trained." if len(own) == 1 else f"{len(active)} of them are being trained.")
        if st.button("Stop, then delete", key="stop_and_delete", type="primary"):
            with sentences():
                with st.spinner("Saving and stopping"):
                    stop_and_wait([one.run for one in active])
                delete(own, fits, wanted)
                st.rerun()
