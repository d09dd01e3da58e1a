"""Pages in Streamlit's own test harness, each test with runs and a manager of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.common import thresholds
from pages.common.jobs import runner
from pages.common.session import manager
from vae_core.training.manager import Manager

NAVIGATION = Path(__file__).parents[2] / "pages" / "navigation.py"
SECONDS = 60


@pytest.fixture(autouse=True)
def runs(runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for this test's runs; its manager is closed at the end."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(runs_root))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield runs_root
    runner().close()
    _end(manager())
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def no_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening Train or Compare would start a process that imports torch; tests of the thresholds set this back."""
    monkeypatch.setattr(thresholds, "MAX_PIXELS", 0)


def _end(ending: Manager) -> None:
    """Stops what runs, and waits for its processes, so that none outlives the test."""
    for run in ending.active():
        ending.stop(run)
    leave = time.monotonic() + 60
    while ending.active() and time.monotonic() < leave:
        time.sleep(0.05)
    ending.close()
    assert not ending.active()


@pytest.fixture
def app() -> AppTest:
    """The app at its first page."""
    return AppTest.from_file(str(NAVIGATION), default_timeout=SECONDS).run()


@pytest.fixture
def train_page() -> Callable[..., AppTest]:
    """Opens the Train page, with an address of one's own."""

    def open_page(**query: str) -> AppTest:
        test = AppTest.from_file(str(NAVIGATION), default_timeout=SECONDS).run()
        for name, value in query.items():
            test.query_params[name] = value
        return test.switch_page("train/page.py").run()

    return open_page
