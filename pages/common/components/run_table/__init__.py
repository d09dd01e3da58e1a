"""The table of runs: a row each, chosen by click, box or key; who is sorted, filtered and chosen is kept by the page.

As the latent map it stands on the page in two parts: the table, and what is live in it, a few bytes a poll.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import streamlit as st

from pages.common.components.bundle import register, register_view

_TABLE = register(__file__)
_LIVE = register_view(__file__)
Asked = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column: `kind` says how it is drawn, "number" to the right, "cut" cut short with the whole as its title."""

    name: str
    title: str
    kind: Literal["picture", "name", "state", "number", "cut"]
    sorts: bool = True
    help: str = ""


@dataclass(frozen=True)
class State:
    """How a run stands: a word in a colour, the share that is done (None: no bar), and a line of text."""

    word: str
    colour: str
    share: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Row:
    """One run; every text is shown literally.

    Attributes:
        id, name: of the run.
        picture: a data URL, or the empty string.
        state: how it stands.
        cells: the text of the other columns by their names.
        titles: what is said in more words under the pointer, by column.
    """

    id: str
    name: str
    picture: str
    state: State
    cells: Mapping[str, str]
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gap:
    """A line with "Undo" where a run stood: before the row at `at`, counted from 0 on this page."""

    at: int
    id: str
    name: str


def run_table(
    *,
    key: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    gaps: Sequence[Gap] = (),
    chosen: Sequence[str] = (),
    sort: tuple[str, bool] = ("", False),
    count: str = "",
    empty: str = "There are no runs.",
    page: int = 1,
    pages: int = 1,
    height: int = 420,
    label: str = "Runs",
    on_asked: Callable[[Asked], None],
) -> None:
    """Puts the table on the page.

    Args:
        key: of this place on the page.
        columns, rows, gaps: what it shows.
        chosen: the ids of the chosen runs, those of other pages among them.
        sort: the column that the rows are sorted by, and whether from the largest down.
        count: a line below, such as "1 to 25 of 2,000 runs".
        empty: what stands there where there is no row.
        page, pages: which page this is, from 1 on, and of how many.
        height: the most pixels that the rows take; beyond it they scroll.
        label: what the table is, read out.
        on_asked: called before the script runs again with what the person asked for: `{"kind": "choose", "ids": [...]}`,
            `{"kind": "sort", "column": ...}`, `{"kind": "page", "page": ...}` or `{"kind": "undo", "id": ...}`. It comes
            from the browser: nothing of it is to be believed unchecked.
    """

    def asked() -> None:
        wish = st.session_state[key].get("asked")
        if isinstance(wish, Mapping):
            on_asked(wish)

    column, down = sort
    data = {
        "key": key,
        "columns": [asdict(each) for each in columns],
        "rows": [asdict(each) for each in rows],
        "gaps": [asdict(each) for each in gaps],
        "chosen": list(chosen),
        "sort": {"column": column, "down": down},
        "count": count,
        "empty": empty,
        "page": page,
        "pages": pages,
        "height": height,
        "label": label,
    }
    _TABLE(key=key, data=data, on_asked_change=asked)


def run_table_live(*, key: str, states: Mapping[str, State]) -> None:
    """How the runs of the table with that key stand now, by id; those it does not name stay as they are."""
    _LIVE(key=f"{key}-live", data={"key": key, "states": {run: asdict(state) for run, state in states.items()}})
