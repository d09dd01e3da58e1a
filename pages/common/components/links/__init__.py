"""Links within a page or to other pages: a table of contents, back and next buttons, links to pages.

Each may have a tick and a keyboard shortcut. One component draws them all, which is faster than a widget per link.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import streamlit as st

from pages.common.components.bundle import register

_COMPONENT = register(__file__)


Look = Literal["contents", "steps", "doors"]


@dataclass(frozen=True)
class Entry:
    """A link.

    Attributes:
        id: what `on_chosen` is called with.
        label: its text; shown literally.
        address: its URL when opened in a new tab, relative to this page.
        done: whether it is ticked; None if it has no tick.
        here: whether it is the current one.
        help: the tooltip.
        key: a letter that works like a click; shown beside the text.
        off: whether it is disabled.
        mark: a symbol before the text.
    """

    id: str
    label: str
    address: str
    done: bool | None = None
    here: bool = False
    help: str = ""
    key: str = ""
    off: bool = False
    mark: str = ""


def link_list(
    *, key: str, label: str, entries: Sequence[Entry], on_chosen: Callable[[str], None], look: Look = "contents"
) -> None:
    """Puts the links on the page.

    Args:
        key: identifies the list on the page.
        label: what the list is; announced by screen readers.
        entries: its links.
        on_chosen: called with the id of the clicked entry before the script runs again.
        look: below each other ("contents"), or side by side as buttons ("steps") or as links to other pages ("doors").
    """

    def chosen() -> None:
        entry_id = st.session_state[key].get("chosen")
        if entry_id in [entry.id for entry in entries if not entry.off]:
            on_chosen(entry_id)

    data = {"label": label, "look": look, "entries": [asdict(entry) for entry in entries]}
    _COMPONENT(key=key, data=data, on_chosen_change=chosen, width="stretch" if look == "contents" else "content")
