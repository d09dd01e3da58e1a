"""What was measured is kept with the weights that it is of, beside the run or in the cache, and never in the way."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from vae_core.config import RunConfig
from vae_core.errors import CheckpointCorrupt
from vae_core.storage import files, paths, runs
from vae_core.storage.measurements import (
    EVALUATION,
    Measurement,
    Measurements,
    RestorationCurve,
    all_measurements,
    factor_scores,
    require_weights_digest,
    restoration_curve,
)
from vae_core.storage.runs import Run

WEIGHTS, OTHERS = "a" * 64, "b" * 64
QUALITY = {"psnr": 12.5, "ssim": None}
POINT = {"level": 0.1, "corrupted": QUALITY, "model": QUALITY, "clean": QUALITY, "baselines": {"median": QUALITY}}
FIGURES = {
    "dataset": "x", "step": 3, "images": 10, "reconstruction_nats": 80.5, "negative_elbo_nats": 90.0, "floor_nats": 40,
    "mse_per_pixel": 0.1, "run": "elsewhere",
}  # fmt: skip
SCORES = {
    "mig": 0.1, "dci_disentanglement": 0.2, "dci_completeness": 0.3, "dci_informativeness": 0.4, "factor_vae_score": 0.5,
    "images": 10, "dataset": "x",
}  # fmt: skip
KINDS: list[tuple[Measurements[Any], dict[str, Any]]] = [
    (EVALUATION, FIGURES), (factor_scores("forest"), SCORES), (factor_scores("boosting"), {**SCORES, "dci_model": "boosting"}),
    (restoration_curve("blur"), {"points": [POINT]})
]  # fmt: skip
each_kind = pytest.mark.parametrize(("kind", "measured"), KINDS, ids=[kind.file for kind, _ in KINDS])


@pytest.fixture
def run(runs_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    made = runs.create_run(runs_root, RunConfig(), run_id="a-run")
    weigh(made, WEIGHTS)
    return made


def weigh(run: Run, digest: str) -> None:
    files.write_json(run.folder / "model.json", {"files": {"model.safetensors": {"sha256": digest}}})


@each_kind
def test_it_is_kept_beside_the_run_and_read_again(kind: Measurements[Any], measured: dict[str, Any], run: Run) -> None:
    assert kind.read(run) is None
    kind.write(run, made := kind.make(run, measured, require_weights_digest(run)))
    assert (run.folder / kind.file).exists() and not paths.cache_folder().exists()
    found = kind.read(run)
    assert found is not None and kind.content(found) == kind.content(made) == (run.folder / kind.file).read_bytes()


@each_kind
def test_it_is_kept_in_the_cache_where_the_folder_is_read_only(
    kind: Measurements[Any], measured: dict[str, Any], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # chmod stops nobody who is root
    kind.write(run, kind.make(run, measured, WEIGHTS))
    assert not (run.folder / kind.file).exists() and kind.read(run) is not None


@each_kind
def test_nothing_is_written_into_a_shipped_run(
    kind: Measurements[Any], measured: dict[str, Any], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run.folder / "evaluation.json").write_text("{}")
    monkeypatch.setattr(paths, "SHIPPED_RUNS", run.folder.parent)
    kind.write(run, kind.make(run, measured, WEIGHTS))
    assert not (run.folder / kind.file).exists() and kind.read(run) is not None


@each_kind
def test_what_is_of_other_weights_counts_as_absent_until_they_are_back(
    kind: Measurements[Any], measured: dict[str, Any], run: Run
) -> None:
    kind.write(run, kind.make(run, measured, WEIGHTS))
    weigh(run, OTHERS)
    assert kind.read(run) is None
    files.remove(run.folder / "model.json")
    assert kind.read(run) is None
    weigh(run, WEIGHTS)
    assert kind.read(run) is not None


@each_kind
@pytest.mark.parametrize("content", [b"", b"[]", b"\xff{", b'{"schema": 2}', b'{"schema": 1}', b"[" * 100_000])
def test_a_damaged_file_counts_as_absent(
    kind: Measurements[Any], measured: dict[str, Any], content: bytes, run: Run
) -> None:
    (run.folder / kind.file).write_bytes(content)
    assert kind.read(run) is None
    kind.write(run, kind.make(run, measured, WEIGHTS))
    assert kind.read(run) is not None


def test_a_figure_that_was_not_asked_for_is_absent_and_not_null(run: Run) -> None:
    document = json.loads(EVALUATION.content(EVALUATION.make(run, {**FIGURES, "kl_nats": None}, WEIGHTS)))
    assert "iw_nll_nats" not in document and document["kl_nats"] is None and "run" not in document


def test_a_figure_that_is_not_finite_is_never_kept(run: Run) -> None:
    with pytest.raises(CheckpointCorrupt, match="'a-run' are no finite numbers; its weights are beyond use"):
        EVALUATION.make(run, {**FIGURES, "mse_per_pixel": math.nan}, WEIGHTS)


def test_the_similarity_of_images_too_small_for_it_is_null_in_the_file_and_nan_here(run: Run) -> None:
    curve = restoration_curve("blur")
    curve.write(run, curve.make(run, {"points": [POINT]}, WEIGHTS))
    assert b'"ssim": null' in (run.folder / curve.file).read_bytes()
    found = curve.read(run)
    assert isinstance(found, RestorationCurve) and math.isnan(found.points[0].baselines["median"].ssim)


def test_a_new_kind_is_a_model_and_a_name(run: Run) -> None:
    class Sharpness(Measurement):
        sharpness: float

    kind = Measurements("sharpness", Sharpness)
    kind.write(run, kind.make(run, {"sharpness": 0.5}, WEIGHTS))
    assert (found := kind.read(run)) is not None and found.sharpness == 0.5


def test_every_kind_can_travel_with_a_run() -> None:
    names = [kind.file for kind in all_measurements()]
    assert names[:2] == ["figures.json", "disentanglement.json"] and "restoration-masking.json" in names
    assert len(set(names)) == len(names)
