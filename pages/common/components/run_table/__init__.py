"""The table of runs: one row per run, selected by click, checkbox or key. The page sorts, filters and keeps the selection.

Like the latent map it has two parts: the table, and the states of active runs, which take a few bytes per poll.
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
    """A column; `kind` says how it is drawn: "number" is right-aligned, "cut" truncated with a tooltip."""

    name: str
    title: str
    kind: Literal["picture", "name", "state", "number", "cut"]
    sorts: bool = True
    help: str = ""


@dataclass(frozen=True)
class State:
    """A run's state: a word in a colour, the share that is done (None for no bar), and a line of text."""

    word: str
    colour: str
    share: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Row:
    """One run; every text is shown literally.

    Attributes:
        id, name: of the run.
        picture: a data URL, or an empty string.
        state: its state.
        cells: the texts of the other columns, by column name.
        titles: longer texts as tooltips, by column name.
    """

    id: str
    name: str
    picture: str
    state: State
    cells: Mapping[str, str]
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gap:
    """A line with "Undo" in place of a deleted run, before the row with index `at` of this page."""

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
        key: identifies the table on the page.
        columns, rows, gaps: what it shows.
        chosen: the ids of the chosen runs, including those on other pages of the table.
        sort: the column that the rows are sorted by, and whether in descending order.
        count: a line below, such as "1 to 25 of 2,000 runs".
        empty: the text if there is no row.
        page, pages: this page's number, from 1 on, and the number of pages.
        height: the largest height of the rows in pixels; more rows scroll.
        label: what the table is; announced by screen readers.
        on_asked: called before the script runs again with the user's request: `{"kind": "choose", "ids": [...]}`,
            `{"kind": "sort", "column": ...}`, `{"kind": "page", "page": ...}` or `{"kind": "undo", "id": ...}`. It comes
            from the browser and must be checked.
    """

    def asked() -> None:
        request = st.session_state[key].get("asked")
        if isinstance(request, Mapping):
            on_asked(request)

    sorted_by, descending = sort
    data = {
        "key": key,
        "columns": [asdict(column) for column in columns],
        "rows": [asdict(row) for row in rows],
        "gaps": [asdict(gap) for gap in gaps],
        "chosen": list(chosen),
        "sort": {"column": sorted_by, "down": descending},
        "count": count,
        "empty": empty,
        "page": page,
        "pages": pages,
        "height": height,
        "label": label,
    }
    _TABLE(key=key, data=data, on_asked_change=asked)


def run_table_live(*, key: str, states: Mapping[str, State]) -> None:
    """Updates the states of runs in the table with this key, by id; other runs keep theirs."""
    _LIVE(key=f"{key}-live", data={"key": key, "states": {run: asdict(state) for run, state in states.items()}})
