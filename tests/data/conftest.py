"""Datasets for the tests: the cache in a folder of its own, the full sets where the environment names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vae_core.storage import places


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for each test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(places.CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def full_data() -> Path:
    """The folder of the full sets."""
    named = os.environ.get(places.DATA_VARIABLE)
    if not named:
        pytest.skip(f"the full sets are needed: set {places.DATA_VARIABLE} to their folder")
    return Path(named)
