"""The trash: the deleted runs, which can be restored, and the space that emptying it frees."""

from __future__ import annotations

import time

import streamlit as st

from pages.common.errors import literal, show_errors
from pages.common.session import manager
from pages.library.filters import choose
from pages.library.formatting import age_text, size_text
from pages.library.undo import KEPT, forget_deletion
from vae_core.storage import trash
from vae_core.storage.trash import Trashed

SHOWN = 50
WIDTHS = (6, 2, 2, 2)
RESTORED = "library-restored"


def trash_view() -> None:
    """Draws the deleted runs, most recent first."""
    restored = st.session_state.pop(RESTORED, None)
    if restored is not None:
        st.success(literal(f"{restored} was restored and is selected under Runs."), icon=":material/undo:")
    root = manager().root
    trashed = trash.list_trash(root)
    if not trashed:
        st.info("The trash is empty. Deleted runs stay here until you empty it.", icon=":material/delete:")
        return
    _empty(sum(each.bytes for each in trashed), len(trashed))
    for each in trashed[:SHOWN]:
        _line(each)
    if len(trashed) > SHOWN:
        st.caption(f"and {len(trashed) - SHOWN:,} older ones")


def _empty(size: int, count: int) -> None:
    freed = size_text(size)
    with st.popover(f"Empty (frees {freed})", icon=":material/delete_forever:", key="empty"):
        st.markdown(f"{count} run{'s' if count > 1 else ''} will be deleted permanently.")
        st.button("Delete permanently", key="empty_now", type="primary", on_click=_empty_now)


def _empty_now() -> None:
    with show_errors():
        trash.empty(manager().root)
        st.session_state.pop(KEPT, None)


def _line(each: Trashed) -> None:
    name, when, size, back = st.columns(WIDTHS, vertical_alignment="center")
    with name:
        st.markdown(f"**{literal(each.name)}**  \n:small[{literal(each.run_id)}]")
    when.caption(f"deleted {_ago(each.when)}")
    size.caption(size_text(each.bytes))
    back.button("Restore", key=f"restore-{each.id}", icon=":material/undo:", on_click=_restore, args=(each,))


def _ago(when: float) -> str:
    age = age_text(time.time() - when)
    return "just now" if age == "now" else f"{age} ago"


def _restore(each: Trashed) -> None:
    with show_errors():
        run = trash.restore(manager().root, each.id)
        forget_deletion(each.id)
        choose([run.id])
        st.session_state[RESTORED] = run.name
