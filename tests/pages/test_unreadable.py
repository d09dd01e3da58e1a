"""A bad entry in the runs folder, or a runs folder that cannot be read, breaks no page and is reported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.common.errors import UNEXPECTED
from pages.common.session import manager
from tests.damaged_folders import BAD, clear, fill
from tests.finished import train_small
from tests.pages.opened import open_app
from vae_core.storage.runs import Run

PAGES = ("home", "learn", "train", "generate", "compare", "denoise", "library")
NAMED = {"train": "run", "generate": "trained", "compare": "runs", "library": "runs"}
"""The pages whose address names runs, and the parameter that does."""
PARTS = ("film", "metrics.jsonl", "worker.log", "model.json", "figures.json", "notes.json")
pytestmark = pytest.mark.usefixtures("ordinary_rights")


@pytest.fixture
def page() -> AppTest:
    return open_app()


def opened(page: AppTest, name: str, **query: str) -> AppTest:
    page.query_params.clear()
    for parameter, value in query.items():
        page.query_params[parameter] = value
    return page.switch_page(f"{name}/page.py").run()


def sentences(page: AppTest) -> list[str]:
    """The error sentences on the page, none of which may be an unexpected error."""
    assert not page.exception
    said = [error.value.replace("\\", "") for error in page.error]
    assert not any(UNEXPECTED in sentence for sentence in said)
    return said


@pytest.fixture
def good(runs: Path) -> Iterator[Run]:
    """A finished run between entries that cannot be read."""
    run = train_small(runs, "good", "A good run")
    fill(runs)
    yield run
    clear(runs)


def test_bad_entries_in_the_runs_folder_break_no_page(page: AppTest, good: Run) -> None:
    for name in PAGES:
        assert sentences(opened(page, name)) == [], name
    assert manager()._thread.is_alive()


def test_the_library_lists_bad_entries_with_their_reasons(page: AppTest, good: Run) -> None:
    opened(page, "library")
    texts = [text.value for text in page.text]
    for name, (_, reason) in BAD.items():
        assert any(text.startswith(f"{name}: ") and reason in text for text in texts), name
    assert any(expander.label == f"Folders that cannot be read ({len(BAD)})" for expander in page.expander)


@pytest.mark.parametrize("name", NAMED)
def test_an_address_that_names_a_bad_entry_is_a_sentence(name: str, page: AppTest, good: Run) -> None:
    for bad in BAD:
        sentences(opened(page, name, **{NAMED[name]: bad}))
        said = [element.value for element in [*page.error, *page.warning, *page.info, *page.text]]
        assert any(bad in text.replace("\\", "") for text in said), bad


@pytest.mark.parametrize("name", NAMED)
def test_a_run_with_a_part_that_cannot_be_read_is_at_most_a_sentence(name: str, page: AppTest, runs: Path) -> None:
    run = train_small(runs, "part")
    for part in (run.folder / part for part in PARTS):
        before = part.stat().st_mode if part.exists() else None
        part.touch()
        part.chmod(0o000)
        st.cache_resource.clear()
        st.cache_data.clear()
        sentences(opened(page, name, **{NAMED[name]: "part"}))
        part.unlink() if before is None else part.chmod(before)


def test_a_runs_folder_that_cannot_be_read_is_said_on_every_page(page: AppTest, runs: Path) -> None:
    runs.chmod(0o000)
    try:
        for name in PAGES:
            (said,) = sentences(opened(page, name))
            assert said.startswith(f"The folder {str(runs)!r} cannot be read (Permission denied)"), name
    finally:
        runs.chmod(0o700)
