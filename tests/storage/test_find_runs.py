"""Fault 9: a run is found by its folder, its id or its name, and a shipped one from any folder of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae_core.archives import archive
from vae_core.config import RunConfig
from vae_core.errors import NameInvalid, RunNotFound
from vae_core.storage import files, find_runs, paths
from vae_core.storage.runs import create_run, open_run

SHIPPED = "example-vae-2d"


def test_a_run_is_found_by_its_name(runs_root: Path) -> None:
    made = create_run(runs_root, RunConfig(), "half", "a-run")
    create_run(runs_root, RunConfig(), "other", "b-run")
    for given in ("half", " half", "a-run", str(made.folder)):
        assert find_runs.find_run(given, runs_root) == made


def test_a_name_that_two_runs_have_is_refused_with_their_ids(runs_root: Path) -> None:
    for run_id in ("a-run", "b-run"):
        create_run(runs_root, RunConfig(), "half", run_id)
    with pytest.raises(
        NameInvalid, match=r"^2 runs are called 'half': b-run, a-run; give the id of the one you mean\.$"
    ):
        find_runs.find_run("half", runs_root)
    assert find_runs.find_run("a-run", runs_root).id == "a-run"
    for number in range(10):
        create_run(runs_root, RunConfig(), "half", f"run-{number}")
    with pytest.raises(NameInvalid, match=r"^12 runs are called 'half': .* and 7 more; give the id"):
        find_runs.find_run("half", runs_root)


def test_an_id_goes_before_a_name(runs_root: Path) -> None:
    create_run(runs_root, RunConfig(), "b-run", "a-run")
    create_run(runs_root, RunConfig(), "", "b-run")
    assert find_runs.find_run("b-run", runs_root).id == "b-run"


def test_a_shipped_run_is_found_from_any_folder_by_id_and_by_name(runs_root: Path) -> None:
    shipped = open_run(paths.SHIPPED_RUNS, SHIPPED)
    assert find_runs.find_run(SHIPPED, runs_root) == find_runs.find_run(shipped.name, runs_root) == shipped
    copy = archive.copy_run(shipped, runs_root)
    assert copy.name == shipped.name and find_runs.find_run(shipped.name, runs_root) == copy, "one's own goes first"
    assert find_runs.find_run(SHIPPED, runs_root) == shipped


def test_a_copy_beside_the_shipped_run_goes_before_it(runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the program's own folder both have the same name."""
    shipped = archive.copy_run(open_run(paths.SHIPPED_RUNS, SHIPPED), runs_root)
    files.write_json(shipped.folder / "evaluation.json", {})
    own = archive.copy_run(shipped, runs_root)
    (own.folder / "evaluation.json").unlink(missing_ok=True)
    monkeypatch.setattr(paths, "SHIPPED_RUNS", runs_root)
    assert find_runs.find_run(shipped.name, runs_root) == own


def test_what_is_not_there_is_told_in_one_sentence(runs_root: Path) -> None:
    with pytest.raises(RunNotFound, match=r"^There is no run 'x{60}' in .*; list their ids and names with 'runs'\.$"):
        find_runs.find_run("x" * 5_000, runs_root)
    with pytest.raises(NameInvalid):
        find_runs.open_anywhere(runs_root, "../elsewhere")
