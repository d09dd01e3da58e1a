"""A run whose dataset file is missing: which file it was, and a field for its new path."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, show_errors
from vae_core.data.relocation import missing_message, relocate_dataset
from vae_core.storage.runs import Run, is_shipped


def ask_for_dataset(run: Run, key: str, effect: str = "") -> None:
    """Reports a missing dataset file and asks for its path. Draws nothing if the file exists.

    Args:
        run: the run.
        key: identifies the form on the page.
        effect: a sentence that says what the page does without the file.
    """
    sentence = missing_message(run)
    if not sentence:
        return
    st.warning(literal(f"{sentence} {effect}".strip()), icon=":material/folder_off:")
    if is_shipped(run):
        return
    with st.form(f"moved-{key}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.text_input(
            "Where the file is now", key=f"place-{key}", help="Its path. Its content must have the same SHA-256."
        )
        pressed = st.form_submit_button("Use this file", key=f"point-{key}", icon=":material/folder_open:")
    if pressed and place.strip():
        with show_errors():
            with st.spinner("Comparing the images"):
                relocate_dataset(run, place.strip())
            st.rerun()
