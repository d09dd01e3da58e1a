"""Links within a page or to others of the app: a table of contents, steps back and on, doors; each may have a tick and a key.

One component in place of a widget each, since a browser takes longer to put several of those on the page, and their code.
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
        label: its words; shown literally.
        address: where it leads, relative to this page, for a new tab.
        done: whether it is ticked; None where there is nothing to tick.
        here: whether it is what one looks at.
        help: more words under the pointer.
        key: the letter that does as a click; shown beside the words.
        off: there is nothing behind it now.
        mark: a sign before the words.
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
        key: of this place on the page.
        label: what this is a list of; read out.
        entries: its links.
        on_chosen: called with the id of the entry that was clicked, before the script runs again.
        look: one below the other, or side by side as buttons or as doors to other pages.
    """

    def chosen() -> None:
        wanted = st.session_state[key].get("chosen")
        if wanted in [entry.id for entry in entries if not entry.off]:
            on_chosen(wanted)

    data = {"label": label, "look": look, "entries": [asdict(entry) for entry in entries]}
    _COMPONENT(key=key, data=data, on_chosen_change=chosen, width="stretch" if look == "contents" else "content")
