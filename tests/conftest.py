"""What all tests share: a cache and a runs folder of their own, repeatable property tests, the full data."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from vae_core.storage import files

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cache of this session, so that no test reads or leaves anything in the person's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """No test cuts the power, so none in this process waits until the disk has what was written.

    The call is made and counted as before; the processes that tests start wait as always.
    """
    assert files.SystemCalls.fsync is os.fsync
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.SystemCalls, "fsync", staticmethod(lambda descriptor: None))
        yield


@pytest.fixture
def runs_root(tmp_path: Path) -> Path:
    """An empty folder for runs."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def ordinary_rights() -> Iterator[None]:
    """Permissions count for this test's thread, and for the threads and processes that it starts, even if it runs as root.

    Root reads what nobody may read; on Linux a thread can give that capability up and take it back.
    """
    if os.geteuid() != 0:
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root reads everything here")
    before = _capabilities()
    _set_capabilities([before[0] & ~OVERRIDES, *before[1:]])
    yield
    _set_capabilities(before)


OVERRIDES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7)."""
_HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)
"""Version 3 of the interface; the thread that calls."""


def _capabilities() -> list[int]:
    found = (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capget(_HEADER, found) == 0
    return list(found)


def _set_capabilities(wanted: list[int]) -> None:
    assert ctypes.CDLL(None).capset(_HEADER, (ctypes.c_uint32 * 6)(*wanted)) == 0


@pytest.fixture(scope="session")
def full_data() -> Path:
    """The folder of the full datasets; where nobody names one the test is skipped, but never in CI."""
    named = os.environ.get("LATENT_LAB_DATA")
    if named:
        return Path(named)
    reason = "needs the full datasets: set LATENT_LAB_DATA to their folder"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI nothing is skipped")
    pytest.skip(reason)


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Where tests run in several processes: a file stays together, and so do all that drive a browser.

    A file shares what it trained, and two browsers at once would make each other wait.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "browser" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)
