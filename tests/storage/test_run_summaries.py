"""A list of runs reads again only what changed, and never a stale value; row by row what a table shows."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vae_core.config import RunConfig, make_config
from vae_core.errors import NameInvalid, RunNotFound
from vae_core.storage import checkpoints, files, runs
from vae_core.storage.file_cache import FileCache
from vae_core.storage.run_summaries import summaries, summary
from vae_core.storage.runs import Notes, Run, Status

LONG_AGO = 1_600_000_000


def age(folder: Path) -> None:
    """As if nothing had been written lately."""
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The JSON files that were read."""
    seen: list[str] = []
    real: Callable[[Path], Any] = files.read_json
    monkeypatch.setattr(files, "read_json", lambda path: seen.append(f"{path.parent.name}/{path.name}") or real(path))
    return seen


def make(root: Path, count: int) -> list[Run]:
    made = [
        runs.create_run(root, make_config(latent=2 + number), f"Run {number}", f"r-{number:04}")
        for number in range(count)
    ]
    for run in made:
        run.write_status(Status("done", step=1))
        age(run.folder)
    return made


def test_what_did_not_change_is_not_read_again(runs_root: Path, reads: list[str]) -> None:
    made = make(runs_root, 20)
    first = runs.list_runs(runs_root)
    assert first == (made[::-1], []) and len(reads) == 60
    reads.clear()
    assert runs.list_runs(runs_root) == first and reads == []
    runs.edit_notes(made[3], name="Other")
    made[5].write_status(Status("stopped", step=2))
    reads.clear()
    again = {run.id: run for run in runs.list_runs(runs_root)[0]}
    assert set(reads) == {"r-0003/notes.json", "r-0005/status.json"}
    assert again["r-0003"].name == "Other" and again["r-0005"].status().step == 2


def test_a_change_within_one_tick_is_seen(runs_root: Path) -> None:
    """The same time and the same size: what was written just now is read each time."""
    (run,) = make(runs_root, 1)
    for step in range(10, 60):
        run.write_status(Status("running", step=step))
        assert runs.list_runs(runs_root)[0][0].status().step == step


def test_a_folder_that_is_replaced_is_seen(runs_root: Path) -> None:
    (run,) = make(runs_root, 1)
    assert runs.list_runs(runs_root)[0][0].config.model.latent == 2
    files.remove_tree(run.folder)
    assert runs.list_runs(runs_root) == ([], [])
    runs.create_run(runs_root, make_config(latent=9), "Another", run.id)
    age(run.folder)
    (found,) = runs.list_runs(runs_root)[0]
    assert (found.config.model.latent, found.name, found.status()) == (9, "Another", Status())


def test_a_file_that_was_damaged_is_told_and_one_mended_is_read(runs_root: Path) -> None:
    (run,) = make(runs_root, 1)
    runs.list_runs(runs_root)
    whole = (run.folder / "status.json").read_bytes()
    (run.folder / "status.json").write_bytes(b"{")
    for _ in range(2):
        assert runs.list_runs(runs_root)[0] == [] and len(runs.list_runs(runs_root)[1]) == 1
    (run.folder / "status.json").write_bytes(whole)
    assert runs.list_runs(runs_root) == ([run], [])


def test_what_is_kept_is_bounded_and_shared_by_threads(tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(100)]
    for path in paths:
        path.write_text(path.name)
        os.utime(path, (LONG_AGO, LONG_AGO))
    kept: FileCache[str] = FileCache(40)
    wrong: list[str] = []

    def look() -> None:
        wrong.extend(path.name for _ in range(20) for path in paths if kept.get(path, path.read_text) != path.name)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and 0 < len(kept._kept) <= 40


def test_a_row_says_what_a_table_shows(runs_root: Path) -> None:
    (run,) = make(runs_root, 1)
    row = summary(run)
    assert (row.id, row.name, row.state, row.nats, row.shipped, row.verified) == (
        "r-0000",
        "Run 0",
        "done",
        None,
        False,
        True,
    )
    assert row.bytes == sum(path.stat().st_size for path in run.folder.iterdir()) and row.changed == LONG_AGO
    run.write_status(Status("running"))
    assert summary(run).state == "interrupted"
    with files.lock(run.lock_path):
        assert summary(run).state == "running"
    files.remove_tree(run.folder)
    with pytest.raises(RunNotFound, match="is gone"):
        summary(run)
    assert summaries(runs_root) == ([], [])


def test_the_size_follows_the_folder(runs_root: Path) -> None:
    (run,) = make(runs_root, 1)
    before = summary(run).bytes
    files.write_atomic(run.folder / "model.safetensors", b"x" * 5_000)
    assert summary(run).bytes == before + 5_000


def test_weights_without_a_manifest_are_unverified(runs_root: Path) -> None:
    first, second = make(runs_root, 2)
    checkpoints.save(first.folder, "model", {}, {"step": 1})
    assert all(row.verified for row in summaries(runs_root)[0])
    (first.folder / "model.json").unlink()
    assert {row.id: row.verified for row in summaries(runs_root)[0]} == {first.id: False, second.id: True}


def test_notes_are_edited_one_by_one(runs_root: Path) -> None:
    (run,) = make(runs_root, 1)
    assert runs.edit_notes(run, notes="Two\nlines") == Notes("Run 0", "Two\nlines") == run.notes()
    assert runs.edit_notes(run, name=" <img src=x> ![](http://host) ") == Notes(
        "<img src=x> ![](http://host)", "Two\nlines"
    )
    assert runs.edit_notes(run, name="") == Notes("", "Two\nlines") and run.name.startswith("VAE, 2 latents")
    for refused in ({"name": "x" * 300}, {"name": "two\nlines"}, {"notes": "x" * 10_001}):
        with pytest.raises(NameInvalid, match=r"; shorten (it|them)\.$"):
            runs.edit_notes(run, **refused)
    assert run.notes() == Notes("", "Two\nlines") and run.config == RunConfig()
    files.remove_tree(run.folder)
    with pytest.raises(RunNotFound, match="is gone"):
        runs.edit_notes(run, name="x")
