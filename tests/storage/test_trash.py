"""The trash: one rename there and one back, whatever fails; what is running or shipped stays."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from vae_core.config import RunConfig, make_config
from vae_core.errors import CheckpointCorrupt, DiskError, RunNotFound, RunStateError
from vae_core.storage import files, paths, runs, trash
from vae_core.storage.runs import Run, Status


@pytest.fixture
def run(runs_root: Path) -> Run:
    made = runs.create_run(runs_root, make_config(latent=7), "<b>Mine</b>", "a-run")
    made.write_status(Status("done", step=3))
    files.make_folder(made.folder / "film")
    files.write_atomic(made.folder / "film" / "00000000.npz", b"x" * 1_000)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_deleted_run_comes_back_as_it_was(run: Run) -> None:
    root = run.folder.parent
    other = runs.create_run(root, RunConfig(), run_id="b-run")
    before, size = contents(run.folder), files.size_of(run.folder)
    gone = trash.delete(run)
    assert (gone.run_id, gone.name, gone.bytes) == ("a-run", "<b>Mine</b>", size) and size > 1_000
    assert abs(gone.when - time.time()) < 60
    assert runs.list_runs(root) == ([other], []) and trash.list_trash(root) == [gone]
    with pytest.raises(RunNotFound, match=r"'a-run' is gone"):
        trash.delete(run)
    back = trash.restore(root, gone.id)
    assert back == run and contents(back.folder) == before
    assert trash.list_trash(root) == []


def test_a_run_whose_id_is_taken_comes_back_under_another(run: Run) -> None:
    root = run.folder.parent
    gone = trash.delete(run)
    other = runs.create_run(root, RunConfig(), run_id="a-run")
    back = trash.restore(root, gone.id)
    assert (back.id, back.config.model.latent, other.config.model.latent) == ("a-run-2", 7, 2)
    assert runs.open_run(root, "a-run").config == RunConfig()


def test_ids_of_full_length_and_many_copies(runs_root: Path) -> None:
    long = "x" * 40
    for _ in range(12):
        runs.create_run(runs_root, RunConfig(), run_id=runs.free_id(runs_root, long))
    found = {run.id for run in runs.list_runs(runs_root)[0]}
    assert len(found) == 12 and {long, "x" * 38 + "-2", "x" * 37 + "-12"} <= found
    gone = trash.delete(runs.open_run(runs_root, long))
    assert trash.restore(runs_root, gone.id).id == long
    assert runs.free_id(runs_root, "example-vae-2d") == "example-vae-2d-2", "a shipped run's id is its own everywhere"


def test_a_run_that_is_being_trained_stays(run: Run) -> None:
    run.write_status(Status("running"))
    with files.lock(run.lock_path):
        with pytest.raises(RunStateError, match=r"^The run 'a-run' is being trained; stop it first, then delete it\.$"):
            trash.delete(run)
        assert run.folder.is_dir() and trash.list_trash(run.folder.parent) == []
    trash.delete(run)


def test_a_shipped_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's place and its recorded evaluation make it one; a copy elsewhere is anybody's."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    for root in (shipped, own):
        made = runs.create_run(root, RunConfig(), run_id="example")
        (made.folder / "evaluation.json").write_text("{}")
    monkeypatch.setattr(paths, "SHIPPED_RUNS", shipped)
    example = runs.open_run(shipped, "example")
    with pytest.raises(RunStateError, match=r"came with the program and cannot be deleted; copy it to change it\.$"):
        trash.delete(example)
    with pytest.raises(
        RunStateError, match=r"came with the program and cannot be changed; copy it and rename the copy\.$"
    ):
        runs.edit_notes(example, name="Mine")
    assert runs.is_shipped(example) and not runs.is_shipped(runs.open_run(own, "example"))
    trash.delete(runs.open_run(own, "example"))
    mine = runs.create_run(shipped, RunConfig(), run_id="mine")
    assert not runs.is_shipped(mine), "one's own runs may stand beside them"
    trash.delete(mine)


@pytest.mark.parametrize("given", ["", "..", "../a-run", "a-run", "a-run-261124101502-3f9c", "x" * 5_000, "nul\0"])
def test_what_is_not_in_the_trash_is_not_restored(given: str, run: Run) -> None:
    before = contents(run.folder.parent)
    with pytest.raises(
        RunNotFound, match=r"^There is no run .* in the trash; it was restored, or the trash emptied\.$"
    ):
        trash.restore(run.folder.parent, given)
    assert contents(run.folder.parent) == before


def test_emptying_frees_what_it_said_and_touches_nothing_else(run: Run, tmp_path: Path) -> None:
    root = run.folder.parent
    other = runs.create_run(root, RunConfig(), run_id="b-run")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    gone = trash.delete(run)
    (root / trash.FOLDER / "something else").mkdir()
    (root / trash.FOLDER / "linked-261124101502-3f9c").symlink_to(outside)
    (root / trash.FOLDER / "odd-999999999999-3f9c").mkdir()
    whens = {each.run_id: each.when for each in trash.list_trash(root)}
    assert whens == {"a-run": gone.when, "linked": 1_795_515_302.0, "odd": 0.0}
    assert trash.empty(root) == gone.bytes
    assert [path.name for path in (root / trash.FOLDER).iterdir()] == ["something else"]
    assert (outside / "precious").exists() and runs.list_runs(root)[0] == [other]
    assert trash.empty(root) == 0 and trash.empty(tmp_path / "nowhere") == 0


def test_a_restore_in_the_middle_of_an_emptying_gives_a_whole_run_or_none(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, remove_tree = run.folder.parent, files.remove_tree
    first, second = trash.delete(run), trash.delete(runs.create_run(root, RunConfig(), run_id="b-run"))
    refused = []

    def restores_first(folder: Path) -> None:
        for each in (first, second):
            with pytest.raises(RunNotFound, match=r"it was restored, or the trash emptied\.$"):
                trash.restore(root, each.id)
            refused.append(each.id)
        assert trash.list_trash(root) == []
        remove_tree(folder)

    monkeypatch.setattr(files, "remove_tree", restores_first)
    assert trash.empty(root) == first.bytes + second.bytes and len(refused) == 4
    assert list((root / trash.FOLDER).iterdir()) == [] and runs.list_runs(root)[0] == []


def test_a_run_restored_since_the_emptying_began_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    root = run.folder.parent
    gone = trash.delete(run)
    before, found = contents(gone.folder), trash.list_trash(root)
    trash.restore(root, gone.id)
    monkeypatch.setattr(trash, "list_trash", lambda _: found)
    assert trash.empty(root) == 0 and contents(run.folder) == before


def test_a_run_removed_since_its_restore_began_is_gone_and_no_fault_of_the_disk(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, settle = run.folder.parent, trash.move_to_free_id
    gone = trash.delete(run)

    def emptied_before(*arguments: Any) -> Run:
        trash.empty(root)
        return settle(*arguments)

    monkeypatch.setattr(trash, "move_to_free_id", emptied_before)
    with pytest.raises(RunNotFound, match=r"the trash emptied\.$"):
        trash.restore(root, gone.id)


def test_what_a_killed_emptying_left_goes_with_the_next(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    root = run.folder.parent
    gone = trash.delete(run)

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(files, "remove_tree", killed)
        trash.empty(root)
    (left,) = (root / trash.FOLDER).iterdir()
    assert gone.id in left.name and contents(left) and trash.list_trash(root) == []
    assert trash.empty(root) == 0 and list((root / trash.FOLDER).iterdir()) == []


def test_a_damaged_run_can_be_deleted_and_stays_in_the_trash(run: Run) -> None:
    (run.folder / "config.json").write_bytes(b"{")
    gone = trash.delete(run)
    assert gone.name == "a-run"
    with pytest.raises(CheckpointCorrupt):
        trash.restore(run.folder.parent, gone.id)
    assert trash.list_trash(run.folder.parent) == [gone] and trash.empty(run.folder.parent) == gone.bytes


def test_whatever_fails_a_run_is_there_or_in_the_trash_whole(every_fault: Any) -> None:
    def prepare(folder: Path) -> None:
        runs.create_run(folder, RunConfig(), "Mine", "a-run")

    def action(folder: Path) -> None:
        gone = trash.delete(runs.open_run(folder, "a-run"))
        trash.restore(folder, gone.id)

    count = 0
    for fault in every_fault(prepare, action):
        count += 1
        places_of_it = [path for path in (fault.folder / "a-run", *fault.folder.glob(".trash/*")) if path.is_dir()]
        assert len(places_of_it) == 1
        found = runs.open_folder(places_of_it[0])
        assert (found.config, found.name, found.status()) == (RunConfig(), "Mine", Status())
        if isinstance(fault.raised, DiskError):
            assert str(fault.raised).endswith(".")
        shutil.rmtree(fault.folder)
    assert count > 10


def test_a_run_deleted_while_it_waited_comes_back_at_rest(runs_root: Path) -> None:
    waiting = runs.create_run(runs_root, RunConfig(), run_id="waits")
    assert waiting.state() == "queued"
    assert trash.restore(runs_root, trash.delete(waiting).id).state() == "stopped"
