"""Runs that leave as a file, that come as one, and copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.common.errors import literal, sentences, show_error
from pages.common.session import manager
from pages.library.filters import choose
from vae_core.archives import archive
from vae_core.errors import LatentLabError
from vae_core.storage import files
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run

TYPES = ["zip", "safetensors"]
MOST = 8
TAKEN_IN = "library-imported"


def export(chosen: Sequence[Summary]) -> None:
    """Buttons that make the files when they are pressed."""
    with st.popover("Export", icon=":material/download:", key="export"):
        for one in chosen[:MOST]:
            if len(chosen) > 1:
                st.text(one.name)
            with st.container(horizontal=True):
                _download("Whole run", one, archive.export_run, "zip")
                if files.is_there(one.run.folder / "model.json"):
                    _download("Weights alone", one, archive.export_weights, "safetensors")
        if len(chosen) > MOST:
            st.caption(f"The first {MOST} of {len(chosen)}; choose fewer for the others.")
        st.caption(
            "The whole run is one zip, to be imported elsewhere, with its records, film, kept steps and figures. The "
            "weights alone are safetensors with the configuration in the header. A file that has become unreadable "
            "is not exported; the log says why."
        )


def _download(label: str, one: Summary, make: Callable[[Run], bytes], ending: str) -> None:
    st.download_button(
        label,
        lambda: make(one.run),
        file_name=f"{one.id}.{ending}",
        mime="application/octet-stream",
        icon=":material/download:",
        key=f"export-{ending}-{one.id}",
        on_click="ignore",
    )


def copy_button(one: Summary) -> None:
    """Makes one's own copy, which can be changed, and chooses it."""
    st.button(
        "Copy", key="copy", icon=":material/content_copy:", on_click=_copy, args=(one.run,),
        help="Your own copy, with a name and an id of its own; a shipped model can be changed only so.",
    )  # fmt: skip


def _copy(run: Run) -> None:
    with sentences():
        choose([archive.copy_run(run, manager().root).id])


def bring_in() -> None:
    """Takes in the files that are dropped, one after the other; what is wrong with one is said, and the others go on."""
    with st.popover("Import", icon=":material/upload:", key="import"):
        turn = st.session_state.get(TAKEN_IN, 0)
        given = st.file_uploader(
            "Runs and weights that were exported", TYPES, accept_multiple_files=True, key=f"imported-{turn}",
            help="Each is checked by its hashes before anything of it is believed.",
        )  # fmt: skip
    if not given:
        return
    with st.spinner("Checking what came in"):
        from vae_core.archives.importing import import_run  # torch; not for those who only look

        ids = []
        for file in given:
            try:
                ids.append(import_run(manager().root, file).id)
            except LatentLabError as error:
                _remember(f"{file.name[:80]}: {error}")
    st.session_state[TAKEN_IN] = turn + 1  # an uploader of a new name is empty
    if ids:
        choose(ids)
        st.toast("Imported." if len(ids) == 1 else f"{len(ids)} imported.", icon=":material/check:")
    st.rerun()


_SENTENCES = "library-sentences"


def _remember(sentence: str) -> None:
    st.session_state.setdefault(_SENTENCES, []).append(sentence)


def tell() -> None:
    """What went wrong with the files that came in last, once."""
    for sentence in st.session_state.pop(_SENTENCES, []):
        st.error(literal(sentence), icon=":material/error:")


def check_button(one: Summary) -> None:
    """For weights that somebody copied in by hand."""
    if st.button("Check its weights", key="verify", icon=":material/verified:", type="primary"):
        try:
            with st.spinner("Checking"):
                from vae_core.archives.importing import verify

                verify(one.run.folder.parent, one.id)
        except LatentLabError as error:
            show_error(error)
        else:
            st.rerun()
