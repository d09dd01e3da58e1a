"""What was measured of a run travels with it, and is believed only where it is what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.finished import forged, members_of, train_small
from vae_core.archives import archive
from vae_core.archives.importing import import_run
from vae_core.data.datasets import load_dataset
from vae_core.errors import CheckpointCorrupt, LatentLabError, SchemaTooNew
from vae_core.evaluation import restoration
from vae_core.evaluation.trained import load_trained
from vae_core.storage.measurements import Quality, RestorationPoint, factor_scores, require_weights_digest
from vae_core.storage.runs import Run

SCORES: dict[str, Any] = {
    "mig": 0.25, "dci_disentanglement": 0.25, "dci_completeness": 0.25, "dci_informativeness": 0.25,
    "factor_vae_score": 0.25, "images": 100, "dataset": "sprites-28-600", "dci_model": "forest",
}  # fmt: skip
NUMBERS = ("images", "step", "reconstruction_nats", "negative_elbo_nats", "mse_per_pixel")
QUALITY = {"psnr": 12.5, "ssim": None}
POINT = {"level": 0.1, "corrupted": QUALITY, "model": QUALITY, "clean": QUALITY, "baselines": {"median": QUALITY}}
FIGURES, FACTORS, CURVE = "figures.json", "disentanglement.json", "restoration-blur.json"
SOUND: dict[str, dict[str, Any]] = {
    FIGURES: {"schema": 1, "dataset": "x", "weights_sha256": "y", **dict.fromkeys(NUMBERS, 1)},
    FACTORS: {"schema": 1, "weights_sha256": "y", **SCORES},
    CURVE: {"schema": 1, "points": [POINT]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_small(tmp_path_factory.mktemp("measured"), "mine", "Mine")


@pytest.fixture(scope="module")
def whole(run: Run) -> bytes:
    return archive.export_run(run)


def test_what_was_measured_of_a_run_comes_along(run: Run, runs_root: Path, tmp_path: Path) -> None:
    measured = archive.copy_run(run, tmp_path / "here")
    trained = load_trained(measured)
    found = restoration.restoration_data(load_dataset("mnist-sample"), trained, 10)
    one = Quality(12.5, 0.5)
    points = [RestorationPoint(0.1, one, one, one, {"median-toned": one})]
    restoration.save_curve(measured, trained, found, "salt-and-pepper", points)
    scores = factor_scores("forest").make(measured, SCORES, require_weights_digest(measured))
    factor_scores("forest").write(measured, scores)
    exported = archive.export_run(measured)
    imported = import_run(runs_root, exported)
    for arrived in (imported, archive.copy_run(imported, tmp_path / "there")):
        assert restoration.load_curve(arrived, trained, found, "salt-and-pepper") == points
        assert factor_scores("forest").read(arrived) == scores
    assert archive.export_run(imported) == exported


def test_measures_that_are_damaged_stay_behind(run: Run, runs_root: Path, tmp_path: Path) -> None:
    measured = archive.copy_run(run, tmp_path)
    for name in SOUND:
        (measured.folder / name).write_bytes(b'{"schema": 1')
    imported = import_run(runs_root, archive.export_run(measured))
    assert not SOUND.keys() & {path.name for path in imported.folder.iterdir()}


def test_sound_measures_are_taken(whole: bytes, runs_root: Path) -> None:
    """What the refusals below change is what they are refused for."""
    imported = import_run(runs_root, with_measures(whole, SOUND))
    assert {path.name for path in imported.folder.iterdir()} >= SOUND.keys()


@pytest.mark.parametrize(
    ("name", "change", "error", "match"),
    [
        (FIGURES, {"mse_per_pixel": 10**400}, CheckpointCorrupt, r"figures\.json is damaged"),
        (FACTORS, {"mig": "1"}, CheckpointCorrupt, r"disentanglement\.json is damaged"),
        (FACTORS, {"images": None}, CheckpointCorrupt, r"disentanglement\.json is damaged"),
        (FACTORS, {"dataset": 3}, CheckpointCorrupt, r"disentanglement\.json is damaged"),
        (FACTORS, {"schema": 2}, SchemaTooNew, "update the program"),
        (
            CURVE,
            {"points": None},
            CheckpointCorrupt,
            r"restoration-blur\.json is damaged: points is None; remove the file",
        ),
        (CURVE, {"points": [3]}, CheckpointCorrupt, r"points\.0 is 3"),
        (CURVE, {"points": [{**POINT, "level": "high"}]}, CheckpointCorrupt, r"points\.0\.level is 'high'"),
        (CURVE, {"points": [{**POINT, "clean": {"psnr": 1.0}}]}, CheckpointCorrupt, r"clean\.ssim is missing"),
        (CURVE, {"points": [{**POINT, "model": {"psnr": 1e999, "ssim": 1}}]}, CheckpointCorrupt, r"model\.psnr is inf"),
        (CURVE, {"points": [{**POINT, "baselines": {"median": "y"}}]}, CheckpointCorrupt, r"baselines\.median is 'y'"),
        (CURVE, {"schema": 2}, SchemaTooNew, "update the program"),
    ],
)
def test_a_wrong_measure_is_refused(
    name: str, change: dict[str, Any], error: type[LatentLabError], match: str, whole: bytes, runs_root: Path
) -> None:
    with pytest.raises(error, match=match):
        import_run(runs_root, with_measures(whole, {name: SOUND[name] | change}))
    assert list(runs_root.iterdir()) == []


def with_measures(whole: bytes, documents: dict[str, dict[str, Any]]) -> bytes:
    measures = {name: json.dumps(document).encode() for name, document in documents.items()}
    return forged({**members_of(whole), **measures})


def test_a_curve_beside_a_filter_that_this_program_does_not_know_is_measured_anew(run: Run, tmp_path: Path) -> None:
    other = archive.copy_run(run, tmp_path)
    trained = load_trained(other)
    found = restoration.restoration_data(load_dataset("mnist-sample"), trained, 10)
    one = Quality(12.5, 0.5)
    points = [RestorationPoint(level, one, one, one, {name: one}) for level, name in ((1.0, "median"), (2.0, "magic"))]
    restoration.save_curve(other, trained, found, "blur", points)
    assert restoration.load_curve(other, trained, found, "blur") == points[:1]
