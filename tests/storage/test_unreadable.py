"""A bad entry in the runs folder is listed as unreadable, with its reason, and hides no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.damaged_folders import BAD, clear, fill
from vae_core.config import RunConfig
from vae_core.errors import DiskError
from vae_core.storage import files, paths, trash
from vae_core.storage.run_summaries import summaries
from vae_core.storage.runs import create_run, list_runs

pytestmark = pytest.mark.usefixtures("ordinary_rights")


@pytest.fixture
def root(runs_root: Path) -> Iterator[Path]:
    """A run between entries that cannot be read."""
    create_run(runs_root, RunConfig(), run_id="good")
    fill(runs_root)
    yield runs_root
    clear(runs_root)


def test_one_bad_entry_hides_no_other_run_and_has_its_reason(root: Path) -> None:
    runs, problems = list_runs(root)
    assert [run.id for run in runs] == ["good"]
    assert sorted(problem.partition(": ")[0] for problem in problems) == sorted(BAD)
    for problem in problems:
        name, _, sentence = problem.partition(": ")
        assert BAD[name][1] in sentence and sentence.endswith(".")
    rows, again = summaries(root)
    assert [row.id for row in rows] == ["good"] and again == problems


@pytest.mark.parametrize(
    "name", ["film", "film/00000000.npz", ".lock", "figures.json", "notes.json", "watched", "longer.json"]
)
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_an_unreadable_part_of_a_run_breaks_no_list(name: str, mode: int, runs_root: Path) -> None:
    part = create_run(runs_root, RunConfig(), run_id="part").folder / name
    create_run(runs_root, RunConfig(), run_id="good")
    part.parent.mkdir(exist_ok=True)
    part.mkdir() if name == "film" else part.write_text("{}")
    part.chmod(mode)
    rows, problems = summaries(runs_root)
    assert {row.id for row in rows} | {problem.partition(":")[0] for problem in problems} == {"part", "good"}
    part.chmod(0o700)


@pytest.mark.parametrize("mode", [0o000, 0o111])
def test_a_runs_folder_that_cannot_be_listed_is_a_sentence(mode: int, runs_root: Path) -> None:
    runs_root.chmod(mode)
    try:
        runs, problems = list_runs(runs_root)
        assert runs == [] and len(problems) == 1
        assert problems[0].startswith(f"The folder {str(runs_root)!r} cannot be read (Permission denied); ")
        with pytest.raises(DiskError, match=r"cannot be read \(Permission denied\)"):
            paths.runs_folder(runs_root)
    finally:
        runs_root.chmod(0o700)


def test_a_runs_folder_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.write_text("")
    (tmp_path / "loop").symlink_to("loop")
    assert [len(list_runs(tmp_path / name)[1]) for name in ("a-file", "loop", "missing")] == [1, 1, 0]
    for name in ("a-file", "loop"):
        with pytest.raises(DiskError, match="already exists and is not a folder; choose another one"):
            paths.runs_folder(tmp_path / name)


def test_the_trash_lists_what_cannot_be_read_too(runs_root: Path) -> None:
    folder = runs_root / trash.FOLDER
    folder.mkdir()
    names = [f"{name}-261128093000-00ab" for name in BAD]
    for name, (make, _) in zip(names, BAD.values(), strict=True):
        make(folder / name)
    assert sorted(one.id for one in trash.list_trash(runs_root)) == sorted(names)
    for name in names:
        if not (folder / name).is_symlink():
            (folder / name).chmod(0o700)
    folder.chmod(0o000)
    with pytest.raises(DiskError, match=r"cannot be read \(Permission denied\)"):
        trash.list_trash(runs_root)
    folder.chmod(0o700)


def test_the_size_of_a_folder_counts_what_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "open").write_bytes(b"123")
    (tmp_path / "closed").mkdir(mode=0o000)
    assert files.size_of(tmp_path) == 3
    (tmp_path / "closed").chmod(0o700)
