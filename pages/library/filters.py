"""Search, filters and sorting of the table, all kept in the URL, and the rows that match them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.common.query_params import read_number
from pages.common.session import is_hidden, roots
from vae_core.registry.model_rows import MODELS
from vae_core.storage import files
from vae_core.storage.run_summaries import Summary, summaries
from vae_core.storage.states import State

SORT_PARAMETER, PAGE_PARAMETER, CHOSEN_PARAMETER = "sort", "at", "runs"
ANY_STATE, ANY_IMAGES, ANY_MODEL, ALL = "any state", "all images", "any model", "own and shipped"
STATES_SHOWN = (ANY_STATE, *(state.value for state in State if state not in (State.GONE, State.DAMAGED)))
WHOSE = (ALL, "own", "shipped")
ROWS = 25
MOST_CHOSEN = 100


@dataclass(frozen=True)
class Filters:
    """The search, filters and sorting given in the URL.

    Attributes:
        find: words that must all occur in name, id or notes.
        state, images, model, whose: one of the options, the first of which matches all runs.
        sort, down: the column, and whether to sort in descending order; without a column, active runs come first, then
            the newest.
    """

    find: str = ""
    state: str = ANY_STATE
    images: str = ANY_IMAGES
    model: str = ANY_MODEL
    whose: str = ALL
    sort: str = ""
    down: bool = False


def all_runs() -> tuple[list[Summary], list[str]]:
    """Returns all runs, the user's own before shipped ones, and an error message per folder that cannot be read."""
    summary_rows: list[Summary] = []
    problems: list[str] = []
    for root in roots():
        rows, sentences = summaries(root)
        summary_rows += [row for row in rows if not is_hidden(root, row.id)]
        problems += sentences
    return summary_rows, problems


def matching_rows(rows: list[Summary], filters: Filters) -> list[Summary]:
    """Returns the rows that match, in the order given; rows without a value come last in either direction."""
    words = filters.find.casefold().split()
    kept = [row for row in rows if _matches(row, filters) and _contains(row, words)]
    if filters.sort not in KEYS:
        return sorted(kept, key=lambda row: (_rank(row), _kind(row), -row.changed))
    key = KEYS[filters.sort]
    known = [row for row in kept if key(row) is not None]
    unknown = [row for row in kept if key(row) is None]
    return sorted(known, key=key, reverse=filters.down) + unknown


def _matches(row: Summary, filters: Filters) -> bool:
    config = row.run.config
    return (
        filters.state in (ANY_STATE, row.state)
        and filters.images in (ANY_IMAGES, config.data.dataset)
        and filters.model in (ANY_MODEL, config.model.model)
        and filters.whose in (ALL, "shipped" if row.shipped else "own")
    )


def _contains(row: Summary, words: list[str]) -> bool:
    text = f"{row.name} {row.id} {row.notes.notes}".casefold() if words else ""
    return all(word in text for word in words)


def _rank(row: Summary) -> int:
    """Ranks active runs first and shipped ones last."""
    return list(State).index(row.state) if row.state.is_active else len(State) + row.shipped


def _kind(row: Summary) -> int:
    """Orders shipped models as a newcomer should meet them: examples, denoisers, the sweep, those of the lessons."""
    if not row.shipped:
        return 0
    if row.id.startswith("example-"):
        return 1
    return 3 if row.id.startswith("sweep-") else 4 if row.id.startswith("learn-") else 2


KEYS: dict[str, Callable[[Summary], Any]] = {
    "name": lambda row: row.name.casefold(),
    "images": lambda row: row.run.config.data.dataset.casefold(),
    "model": lambda row: (row.run.config.model.model, row.run.config.model.architecture),
    "latent": lambda row: row.run.config.model.latent,
    "beta": lambda row: row.run.config.beta,
    "nats": lambda row: row.nats,
    "state": lambda row: row.state,
    "parent": lambda row: row.run.config.parent,
    "age": lambda row: None if row.shipped else time.time() - row.changed,
    "size": lambda row: row.bytes,
}
"""The value by which each column is sorted; None if a row has none."""


def filter_controls(rows: list[Summary]) -> Filters:
    """Draws the search and the filters, whose values are kept in the URL, and returns them."""
    datasets = sorted({row.run.config.data.dataset for row in rows})
    with st.container(horizontal=True, vertical_alignment="bottom", key="library-filters"):
        find = st.text_input(
            "Find", key="find", bind="query-params", placeholder="words in the name, id or notes", width=300,
            icon=":material/search:",
        )  # fmt: skip
        state = st.selectbox("State", STATES_SHOWN, key="in_state", bind="query-params", width=150)
        images = st.selectbox("Images", [ANY_IMAGES, *datasets], key="of_images", bind="query-params", width=200)
        model = st.selectbox("Model", (ANY_MODEL, *MODELS), key="of_model", bind="query-params", width=140)
        whose = st.selectbox("Whose", WHOSE, key="whose", bind="query-params", width=170)
    given = st.query_params.get(SORT_PARAMETER, "")
    column = given.removeprefix("-")
    sort = column if column in KEYS else ""
    return Filters(find or "", state, images, model, whose, sort, bool(sort) and given.startswith("-"))


def sort_by(column: str) -> None:
    """Sorts by a column; a second call reverses the order, and a third one restores the default order."""
    if column not in KEYS:
        return
    before = st.query_params.get(SORT_PARAMETER, "")
    after = {column: f"-{column}", f"-{column}": ""}.get(before, column)
    _put(SORT_PARAMETER, after)
    _put(PAGE_PARAMETER, "")


def page_of(count: int) -> tuple[int, int]:
    """Returns the page given in the URL, limited to the existing ones, and the number of pages."""
    pages = max(1, -(-count // ROWS))
    given = st.query_params.get(PAGE_PARAMETER, "1")
    page = read_number(given)
    return int(min(max(page or 1, 1), pages)), pages


def go_to_page(page: object) -> None:
    if isinstance(page, int | float) and page == page:
        _put(PAGE_PARAMETER, str(int(page)) if page > 1 else "")


def chosen_ids() -> list[str]:
    """Returns the ids given in the URL, without duplicates."""
    given = st.query_params.get(CHOSEN_PARAMETER, "")
    return list(dict.fromkeys(part for part in given.split(",") if part))[:MOST_CHOSEN]


def choose(ids: list[str]) -> None:
    """Puts the chosen runs into the URL."""
    _put(CHOSEN_PARAMETER, ",".join(dict.fromkeys(ids[:MOST_CHOSEN])))


def _put(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def is_own(folder: Path) -> bool:
    """Returns whether a run is in the folder where new runs are created."""
    return files.same_place(folder.parent, roots()[0])
