"""Export, import and copies of runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.common.errors import literal, show_error, show_errors
from pages.common.session import manager
from pages.library.filters import choose
from vae_core.archives import archive
from vae_core.errors import LatentLabError
from vae_core.storage import files
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run

TYPES = ["zip", "safetensors"]
MOST = 8
IMPORTED = "library-imported"


def export(chosen: Sequence[Summary]) -> None:
    """Draws download buttons, which create the files when clicked."""
    with st.popover("Export", icon=":material/download:", key="export"):
        for summary in chosen[:MOST]:
            if len(chosen) > 1:
                st.text(summary.name)
            with st.container(horizontal=True):
                _download("Whole run", summary, archive.export_run, "zip")
                if files.is_there(summary.run.folder / "model.json"):
                    _download("Weights only", summary, archive.export_weights, "safetensors")
        if len(chosen) > MOST:
            st.caption(f"Shows the first {MOST} of {len(chosen)} runs; choose fewer to export the others.")
        st.caption(
            "The whole run is a zip that can be imported elsewhere, with its records, film, checkpoints and figures. The "
            "weights are a safetensors file with the configuration in its header. If a run can no longer be read it is "
            "not exported; the log says why."
        )


def _download(label: str, summary: Summary, make: Callable[[Run], bytes], ending: str) -> None:
    st.download_button(
        label,
        lambda: make(summary.run),
        file_name=f"{summary.id}.{ending}",
        mime="application/octet-stream",
        icon=":material/download:",
        key=f"export-{ending}-{summary.id}",
        on_click="ignore",
    )


def copy_button(summary: Summary) -> None:
    """Draws the button that makes a copy, which can be changed, and selects it."""
    st.button(
        "Copy", key="copy", icon=":material/content_copy:", on_click=_copy, args=(summary.run,),
        help="Makes your own copy with a new name and id. Shipped models can only be changed as copies.",
    )  # fmt: skip


def _copy(run: Run) -> None:
    with show_errors():
        choose([archive.copy_run(run, manager().root).id])


def import_button() -> None:
    """Draws the import and imports the files uploaded; an error in one of them does not stop the others."""
    with st.popover("Import", icon=":material/upload:", key="import"):
        turn = st.session_state.get(IMPORTED, 0)
        uploads = st.file_uploader(
            "Exported runs and weights", TYPES, accept_multiple_files=True, key=f"imported-{turn}",
            help="The hashes of each file are checked before it is used.",
        )  # fmt: skip
    if not uploads:
        return
    with st.spinner("Checking the files"):
        from vae_core.archives.importing import import_run  # imports torch, which viewing the page does not need

        ids = []
        for file in uploads:
            try:
                ids.append(import_run(manager().root, file).id)
            except LatentLabError as error:
                _remember(f"{file.name[:80]}: {error}")
    st.session_state[IMPORTED] = turn + 1  # an uploader with a new key is empty
    if ids:
        choose(ids)
        st.toast("Imported." if len(ids) == 1 else f"{len(ids)} imported.", icon=":material/check:")
    st.rerun()


_SENTENCES = "library-sentences"


def _remember(sentence: str) -> None:
    st.session_state.setdefault(_SENTENCES, []).append(sentence)


def show_import_errors() -> None:
    """Shows the errors of the last import, once."""
    for sentence in st.session_state.pop(_SENTENCES, []):
        st.error(literal(sentence), icon=":material/error:")


def verify_button(summary: Summary) -> None:
    """Draws the button that checks weights which were copied in by hand."""
    if st.button("Check its weights", key="verify", icon=":material/verified:", type="primary"):
        try:
            with st.spinner("Checking"):
                from vae_core.archives.importing import verify

                verify(summary.run.folder.parent, summary.id)
        except LatentLabError as error:
            show_error(error)
        else:
            st.rerun()
