"""Pages in Streamlit's own test harness, each test with runs and a manager of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.common import thresholds
from pages.common.jobs import runner
from pages.common.session import manager
from pages.denoise import background
from tests.pages.opened import open_app, open_page, wait_until
from vae_core.training.manager import Manager


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
    wait_until(lambda: not ending.active())
    ending.close()


@pytest.fixture
def app() -> AppTest:
    """The app at its first page."""
    return open_app()


@pytest.fixture
def train_page() -> Callable[..., AppTest]:
    """Opens the Train page, with an address of one's own."""
    return partial(open_page, "train")


@pytest.fixture
def no_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Baselines on the Denoise page would take processor time from other tests; a test that needs them sets this back."""
    monkeypatch.setattr(background, "QUIET_SECONDS", 3600.0)
