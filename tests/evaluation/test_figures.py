"""Figures are computed once, kept beside the run, and belong to its weights and its data."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.untrained import saved, untrained
from vae_core.evaluation import figures as figures_module
from vae_core.evaluation import trained as trained_module
from vae_core.evaluation.figures import figures_of, keep_figures, read_figures
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files, places
from vae_core.storage.runs import Run, open_folder, open_run


@pytest.fixture
def run(runs_root: Path) -> Run:
    return saved(runs_root, "one", untrained())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The importance samples of each evaluation that was really made."""
    made: list[Any] = []

    def count(run: Run, **options: Any) -> dict[str, Any]:
        made.append(options["iw_samples"])
        return evaluate_run(run, **options)

    monkeypatch.setattr(trained_module, "evaluate_run", count)
    return made


def test_they_are_those_of_evaluate_and_are_computed_once(run: Run, counted: list[Any]) -> None:
    assert read_figures(run) is None
    found = figures_of(run)
    assert found == figures_of(run) == read_figures(run) and counted == [None]
    expected = evaluate_run(run)
    assert found.keys() == expected.keys() - {"run"}
    assert found["kl_per_dimension"] == list(expected["kl_per_dimension"])
    assert found["images"] == 2_000 and found["dataset"] == "mnist-sample"


def test_the_likelihood_is_added_on_request_and_kept_with_its_count(run: Run, counted: list[Any]) -> None:
    figures_of(run)
    found = figures_of(run, iw_samples=2)
    assert found["iw_samples"] == 2 and found["iw_nll_nats"] < found["negative_elbo_nats"]
    assert figures_of(run, iw_samples=2) == figures_of(run) == found and counted == [None, 2]
    assert figures_of(run, iw_samples=1)["iw_nll_nats"] > found["iw_nll_nats"] and counted == [None, 2, 1]


def test_other_weights_and_other_images_have_other_figures(run: Run, runs_root: Path) -> None:
    figures_of(run)
    path = run.folder / "figures.json"
    kept = files.read_json(path)
    files.write_json(path, {**kept, "dataset_sha256": "0" * 64})
    assert read_figures(run) is None
    files.write_json(path, kept)
    assert read_figures(run) is not None
    other = saved(runs_root, "two", untrained(hidden="16"))
    shutil.copy(other.folder / "model.json", run.folder)
    assert read_figures(run) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 99}', b"\xff\xfe"])
def test_a_damaged_file_is_computed_anew(run: Run, damage: bytes, counted: list[Any]) -> None:
    (run.folder / "figures.json").write_bytes(damage)
    assert read_figures(run) is None
    assert figures_of(run)["images"] == 2_000 and counted == [None] and read_figures(run) is not None


def test_a_figure_that_is_no_number_is_none(run: Run) -> None:
    found = figures_of(run)
    keep_figures(run, {**found, "mse_per_pixel": "small"})
    assert read_figures(run) is None


def test_a_run_that_is_removed_has_none(run: Run) -> None:
    figures_of(run)
    files.remove_tree(run.folder)
    assert read_figures(run) is None


def test_a_shipped_run_brings_its_own_and_stays_as_it_is(counted: list[Any]) -> None:
    shipped = open_run(places.SHIPPED_RUNS, "example-ae-2d")
    before = {path.name: path.stat().st_mtime_ns for path in shipped.folder.iterdir()}
    found = figures_of(shipped)
    assert (found["dataset"], found["images"], counted) == ("mnist", 10_000, [])
    keep_figures(shipped, {**found, "mark": 1})
    assert figures_of(shipped)["mark"] == 1, "what is added later is kept in the cache"
    assert {path.name: path.stat().st_mtime_ns for path in shipped.folder.iterdir()} == before
    files.remove_tree(places.cache_folder() / "figures")


def test_a_copy_of_a_shipped_run_is_evaluated_itself(tmp_path: Path) -> None:
    copy = open_folder(Path(shutil.copytree(places.SHIPPED_RUNS / "example-ae-2d", tmp_path / "copy")))
    assert read_figures(copy) is None, "nothing that is brought along is believed"
    assert figures_module._path(copy) == copy.folder / "figures.json"
