"""The manager beside what cannot be read, and past errors that nobody thought of."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import damaged_folders
from tests.training.outcome import wait_for
from vae_core.config import make_config
from vae_core.errors import DiskError
from vae_core.training.manager import Manager

pytestmark = pytest.mark.slow
QUICK = make_config(batch_size=32, epochs=1, hidden="16", limit=64)


@pytest.mark.usefixtures("ordinary_rights")
def test_nothing_ends_the_thread_that_starts_runs(
    runs_root: Path,
    manage: Callable[..., Manager],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither bad entries in the runs folder, at the start or later, nor an error that nobody thought of."""
    damaged_folders.fill(runs_root)
    manager = manage(slots=1)
    damaged_folders.clear(runs_root)
    (runs_root / "later").symlink_to("later")
    os.utime(runs_root, (1.0, 1.0))  # changed, and settled: the thread looks at it
    wait_for(lambda: manager._seen == 1.0, "the thread to look")
    failures: list[int] = []

    def fail() -> None:
        failures.append(1)
        raise PermissionError(13, "Permission denied", "anything")

    with monkeypatch.context() as patch:
        patch.setattr(manager, "_adopt_new", fail)  # other managers of this process go on as they are
        wait_for(lambda: len(failures) >= 3, "three failures")
    assert [record.getMessage() for record in caplog.records] == ["The manager of the runs met an error and continues."]
    run = manager.submit(QUICK)
    wait_for(lambda: run.state() == "done", "the run")


@pytest.mark.usefixtures("ordinary_rights")
def test_a_manager_of_a_folder_that_cannot_be_read_works_once_it_can(
    runs_root: Path, manage: Callable[..., Manager]
) -> None:
    runs_root.chmod(0o000)
    manager = manage(slots=1)
    assert manager.active() == []
    with pytest.raises(DiskError):
        manager.submit(QUICK)
    runs_root.chmod(0o700)
    run = manager.submit(QUICK)
    manager.stop(run)
    wait_for(lambda: run.state() == "stopped", "the run")
