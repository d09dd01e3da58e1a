"""A run whose dataset's file is not there: what it was, and a field to point to it again."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, sentences
from vae_core.data.relocation import missing_message, relocate_dataset
from vae_core.storage.runs import Run, is_shipped


def ask_where(run: Run, key: str, effect: str = "") -> None:
    """Draws nothing if the run's images are there.

    Args:
        run: the run.
        key: of the place on the page.
        effect: a sentence on what the page does without them.
    """
    sentence = missing_message(run)
    if not sentence:
        return
    st.warning(literal(f"{sentence} {effect}".strip()), icon=":material/folder_off:")
    if is_shipped(run):
        return
    with st.form(f"moved-{key}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.text_input(
            "Where the file is now", key=f"place-{key}", help="Its path. The content must be the same, by its SHA-256."
        )
        pressed = st.form_submit_button("Use this file", key=f"point-{key}", icon=":material/folder_open:")
    if pressed and place.strip():
        with sentences():
            with st.spinner("Comparing the images"):
                relocate_dataset(run, place.strip())
            st.rerun()
