"""Figures are computed once, kept beside the run, and belong to weights: those of other weights count as none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.finished import train_small
from vae_core.archives import archive
from vae_core.cli import main
from vae_core.data.datasets import load_dataset
from vae_core.errors import CheckpointCorrupt, DataError
from vae_core.evaluation import run_figures as module
from vae_core.evaluation import trained as trained_module
from vae_core.evaluation.run_figures import GREY_PIXELS, figures_of, notes_on
from vae_core.evaluation.trained import evaluate_run, load_trained
from vae_core.metrics.elbo import iw_nll
from vae_core.storage import files, paths, runs
from vae_core.storage.measurements import EVALUATION, evaluate_command, weights_digest
from vae_core.storage.runs import Run, open_run
from vae_core.training.driver import Driver


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_small(tmp_path_factory.mktemp("figures"), "mine")


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return archive.copy_run(trained, tmp_path)


def test_they_are_those_of_evaluate_and_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EVALUATION.read(run) is None
    expected = evaluate_run(run)
    figures_of(run)
    kept = EVALUATION.read(run)
    assert kept is not None and kept.weights_sha256 == weights_digest(run) == files.file_digest(
        run.folder / "model.safetensors"
    )
    assert {key: value for key, value in expected.items() if key != "run"} == kept.model_dump(
        exclude={"weights_sha256"}, exclude_unset=True
    )
    monkeypatch.setattr(trained_module, "evaluate_run", lambda *_, **__: pytest.fail("computed twice"))
    assert figures_of(run) == kept


def test_the_command_gives_them_again(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    figures_of(run)
    kept = EVALUATION.read(run)
    assert kept is not None and evaluate_command(run, kept) == f"python -m vae_core evaluate {run.folder} --json"
    assert main(evaluate_command(run, kept).split()[3:]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["notes"] == notes_on(run.config, kept.floor_nats)
    assert {key: printed[key] for key in printed if key not in ("run", "notes")} == kept.model_dump(
        mode="json", exclude={"weights_sha256"}, exclude_unset=True
    )


def test_those_of_other_weights_count_as_none(run: Run) -> None:
    figures_of(run)
    Driver(runs.extend_run(run, 2)).drive()
    assert EVALUATION.read(run) is None
    assert figures_of(run).step == 6 and EVALUATION.read(run) is not None


def test_they_go_with_an_export_and_not_with_other_weights(run: Run, tmp_path: Path) -> None:
    kept = figures_of(run)
    copy = archive.copy_run(run, tmp_path / "there")
    found = EVALUATION.read(copy)
    assert found is not None and found.negative_elbo_nats == kept.negative_elbo_nats
    assert (
        copy.id in evaluate_command(copy, found)
        and str(run.folder).encode() not in (copy.folder / "figures.json").read_bytes()
    )


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": 2}', b'{"schema": 1}', b'{"schema": 1, "images": "<b>"}'])
def test_damaged_ones_are_computed_anew(content: bytes, run: Run) -> None:
    (run.folder / "figures.json").write_bytes(content)
    assert EVALUATION.read(run) is None
    figures_of(run)
    assert EVALUATION.read(run) is not None


def test_a_read_only_folder_keeps_them_in_the_cache(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # chmod stops nobody who is root
    before = sorted(run.folder.iterdir())
    kept = figures_of(run)
    found = EVALUATION.read(run)
    assert sorted(run.folder.iterdir()) == before
    assert found is not None and found.negative_elbo_nats == kept.negative_elbo_nats


def test_shipped_runs_bring_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    example = open_run(paths.SHIPPED_RUNS, "example-vae-2d")
    monkeypatch.setattr(trained_module, "evaluate_run", lambda *_, **__: pytest.fail("computed"))
    found = figures_of(example)
    assert (found.dataset, found.images) == ("mnist", 10_000) and 130 < found.negative_elbo_nats < 147
    assert evaluate_command(example, found) == "python -m vae_core evaluate example-vae-2d --json"


def test_a_dataset_that_is_not_here_is_not_downloaded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled sample of it stands in, and the figures say so."""
    document: dict[str, Any] = json.loads((run.folder / "config.json").read_bytes())
    files.write_json(run.folder / "config.json", {**document, "data": {"dataset": "mnist"}})
    far = open_run(run.folder.parent, run.id)
    (tmp_path / "empty").mkdir()
    figures_of(far, data_dir=tmp_path / "empty")
    kept = EVALUATION.read(far)
    assert (
        kept is not None
        and kept.dataset == "mnist-sample"
        and evaluate_command(far, kept).endswith("--dataset mnist-sample --json")
    )
    files.remove(far.folder / "figures.json")
    others = {name: row for name, row in module.catalogue.SOURCES.items() if name != "mnist-sample"}
    monkeypatch.setattr(module.catalogue, "SOURCES", others)
    with pytest.raises(DataError, match="'mnist' is not on this machine"):
        figures_of(far, data_dir=tmp_path / "empty")


def test_a_run_without_weights_has_none(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path, runs.RunConfig())
    assert EVALUATION.read(run) is None
    with pytest.raises(CheckpointCorrupt, match=r"holds no final weights yet"):
        figures_of(run)


def test_the_likelihood_is_added_on_request_and_kept_with_its_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = figures_of(run)
    found = figures_of(run, iw_samples=2)
    assert found.iw_samples == 2 and found.iw_nll_nats < found.negative_elbo_nats == plain.negative_elbo_nats
    assert found.iw_seed == run.config.training.seed and found.iw_nll_nats_standard_error > 0
    assert evaluate_command(run, found).endswith(" --iw-samples 2 --json")
    assert figures_of(run, iw_samples=1).iw_nll_nats > found.iw_nll_nats
    monkeypatch.setattr(trained_module, "evaluate_run", lambda *_, **__: pytest.fail("computed twice"))
    assert figures_of(run).iw_samples == 1 and figures_of(run, iw_samples=1) == figures_of(run)


def test_what_is_added_to_a_shipped_run_is_kept_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    example = open_run(paths.SHIPPED_RUNS, "example-ae-2d")
    before = {path.name: path.stat().st_mtime_ns for path in example.folder.iterdir()}
    brought = figures_of(example)
    EVALUATION.write(example, brought.model_copy(update={"mse_per_pixel": 0.5}))
    assert figures_of(example).mse_per_pixel == 0.5
    assert {path.name: path.stat().st_mtime_ns for path in example.folder.iterdir()} == before
    files.remove_tree(paths.cache_folder() / "measurements")
    assert figures_of(example) == brought


@pytest.mark.parametrize(("values", "expected"), [
    ({}, [GREY_PIXELS]),
    ({"binarize": "dynamic"}, []),
    ({"binarize": "fixed"}, []),
    ({"likelihood": "gaussian"}, []),
    ({"model": "ae"}, []),
])  # fmt: skip
def test_13_a_bernoulli_of_grey_pixels_is_said_to_be_no_likelihood(
    values: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    run = train_small(tmp_path, "mine", **values)
    assert notes_on(run.config, evaluate_run(run)["floor_nats"]) == expected


def test_13_sprites_are_black_and_white_and_need_no_note(trained: Run) -> None:
    assert notes_on(trained.config, 0.0) == []


def test_5_a_denoising_run_has_one_input_for_all_its_figures(tmp_path: Path) -> None:
    """With one sample the importance-weighted NLL estimates the negative ELBO, of the same damaged images."""
    run = train_small(tmp_path, "mine", corruption="gaussian", level="0.8", limit=2_000, epochs=4)
    found = evaluate_run(run, iw_samples=1)
    trained = load_trained(run)
    clean = iw_nll(trained.model, trained.likelihood, load_dataset("mnist-sample").test_images, 1, 0)
    assert abs(clean - found["iw_nll_nats"]) > 10, "the clean images would have told another story"
    assert found["iw_nll_nats"] == pytest.approx(found["negative_elbo_nats"], abs=0.5)


def test_12_importance_samples_and_their_seed_stand_in_the_answer(tmp_path: Path) -> None:
    run = train_small(tmp_path, "mine", seed=5)
    found = evaluate_run(run, iw_samples=4)
    assert (found["iw_samples"], found["iw_seed"]) == (4, 5)
    assert 0 < found["iw_nll_nats_standard_error"] < 5
    assert not {"iw_samples", "iw_seed", "iw_nll_nats"} & evaluate_run(run).keys()
