"""Datasets for the tests: the cache in a folder of its own, the full sets where the environment names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae_core.storage import paths


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for each test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(folder))
    return folder
