"""Links side by side or one below the other, ticked where one has been, within a page or to others of the app.

One component in place of a link widget each, since a browser takes longer to put several of those on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from pages.common.components.source import source

_COMPONENT = st.components.v2.component(
    "latent_lab_links", html="<nav><ol></ol></nav>", css=source("links.css"), js=source("links.js")
)


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
    """

    id: str
    label: str
    address: str
    done: bool | None = None
    here: bool = False
    help: str = ""


def link_list(
    *, key: str, label: str, entries: Sequence[Entry], on_chosen: Callable[[str], None], across: bool = False
) -> None:
    """Puts the links on the page.

    Args:
        key: of this place on the page.
        label: what this is a list of; read out.
        entries: its links.
        on_chosen: called with the id of the entry that was clicked, before the script runs again.
        across: side by side, as doors to other pages; else one below the other, as a table of contents.
    """

    def chosen() -> None:
        wanted = st.session_state[key].get("chosen")
        if wanted in [entry.id for entry in entries]:
            on_chosen(wanted)

    data = {"label": label, "across": across, "entries": [asdict(entry) for entry in entries]}
    _COMPONENT(key=key, data=data, on_chosen_change=chosen, width="content" if across else "stretch")
