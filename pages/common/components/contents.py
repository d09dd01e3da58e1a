"""A table of contents: links within a page, ticked where one has been.

One component in place of a link widget an entry, since a browser takes longer to put a dozen of those on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from pages.common.components.source import source

_COMPONENT = st.components.v2.component(
    "latent_lab_contents",
    html='<nav class="contents"><ol></ol></nav>',
    css=source("contents.css"),
    js=source("contents.js"),
)


@dataclass(frozen=True)
class Entry:
    """A line of the contents.

    Attributes:
        id: what `on_chosen` is called with.
        label: its words; shown literally.
        query: the address of its page, from the question mark on, for a new tab.
        done: whether it is ticked; None where there is nothing to tick.
        here: whether it is what one looks at.
    """

    id: str
    label: str
    query: str
    done: bool | None = None
    here: bool = False


def contents_list(*, key: str, label: str, entries: Sequence[Entry], on_chosen: Callable[[str], None]) -> None:
    """Puts the contents on the page.

    Args:
        key: of this place on the page.
        label: what this is a list of; read out.
        entries: its lines.
        on_chosen: called with the id of the entry that was clicked, before the script runs again.
    """

    def chosen() -> None:
        wanted = st.session_state[key].get("chosen")
        if wanted in [entry.id for entry in entries]:
            on_chosen(wanted)

    _COMPONENT(key=key, data={"label": label, "entries": [asdict(entry) for entry in entries]}, on_chosen_change=chosen)
