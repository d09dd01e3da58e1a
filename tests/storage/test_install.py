"""A run folder comes under a runs folder whole, or not at all, and two at once get an id each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from vae_core.storage import install, runs


def test_whatever_fails_a_copy_is_there_whole_or_not_at_all(every_fault: Any) -> None:
    small = dict.fromkeys(("config.json", "status.json", "film/subjects.npz"), b"{}")

    def action(folder: Path) -> None:
        install.install_run(folder, "a-run", small, lambda _: None)

    count = 0
    for fault in every_fault(lambda folder: None, action):
        count += 1
        there = {path.name for path in fault.folder.iterdir() if not path.name.startswith(".partial-")}
        assert there in (set(), {"a-run"}) and runs.folder_ids(fault.folder) == sorted(there)
        if there:
            held = {str(path.relative_to(fault.folder / "a-run")) for path in (fault.folder / "a-run").rglob("*.*")}
            assert held == small.keys()
        if not fault.died:
            assert list(fault.folder.glob(".partial-*")) == []
    assert count > 20


def test_two_that_come_at_the_same_instant_get_an_id_each(tmp_path: Path) -> None:
    """Both have found the same id free when the first of them takes it."""
    both = threading.Barrier(2)
    original = install.free_id

    def slowly(root: Path, wanted: str) -> str:
        found = original(root, wanted)
        if found == "a-run":
            both.wait(timeout=30)
        return found

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as threads:
        patch.setattr(install, "free_id", slowly)
        members = {"config.json": b"{}"}
        made = list(threads.map(lambda _: install.install_run(tmp_path, "a-run", members, lambda _: None), range(2)))
    assert {run.id for run in made} == {"a-run", "a-run-2"} == {path.name for path in tmp_path.iterdir()}
