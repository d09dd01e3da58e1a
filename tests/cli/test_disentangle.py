"""`disentangle` on the command line, on tiny sprites."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.untrained import saved, untrained
from vae_core.cli import main
from vae_core.metrics import disentanglement

KEYS = {"mig", "dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae_score"}
SPRITES = "sprites-28-1200"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    saved(folder, "drawn", untrained(dataset=SPRITES))
    saved(folder, "digits", untrained())
    return folder


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main([str(argument) for argument in arguments])
    return (status, *capsys.readouterr())


def test_the_figures_by_their_names(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = call(capsys, "disentangle", "drawn", "--runs", root, "--json")
    found = json.loads(out)
    assert (status, err, out.count("\n")) == (0, "", 1)
    assert found.keys() >= KEYS and all(0 <= found[key] <= 1 for key in KEYS)
    assert (found["images"], found["dataset"]) == (200, SPRITES)
    assert found["factors"] == ["shape", "scale", "orientation", "x", "y"]
    assert json.loads(call(capsys, "disentangle", root / "drawn", "--json")[1]) == found
    other = json.loads(call(capsys, "disentangle", "digits", "--runs", root, "--dataset", SPRITES, "--json")[1])
    assert other["images"] == 200
    table = call(capsys, "disentangle", "drawn", "--runs", root)
    assert table[0] == 0 and "factor_vae_score" in table[1] and "dci_disentanglement (forest)" in table[1]


def test_fault_4_the_regressor_of_the_reference_can_be_asked_for(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disentanglement, "STAGES", 3)
    few = ("disentangle", "digits", "--runs", root, "--dataset", "sprites-28-300", "--json")
    forest, boosting = (json.loads(call(capsys, *few, "--dci-model", name)[1]) for name in ("forest", "boosting"))
    assert (forest["dci_model"], boosting["dci_model"]) == ("forest", "boosting")
    assert forest == json.loads(call(capsys, *few)[1]), "the default"
    assert (forest["mig"], forest["factor_vae_score"]) == (boosting["mig"], boosting["factor_vae_score"])
    assert forest["dci_disentanglement"] != boosting["dci_disentanglement"]
    assert call(capsys, *few, "--dci-model", "lasso")[0] == 2


def test_a_published_file_is_trained_on_and_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a relative path, and gone on with from another folder."""
    classes = np.array(list(itertools.product(range(1), range(3), range(2), range(2), range(5), range(5))))
    images = np.zeros((len(classes), 16, 16), np.uint8)
    for image, (_, shape, _, _, x, y) in zip(images, classes, strict=True):
        image[2 * y : 2 * y + 4 + shape, 2 * x : 2 * x + 4] = 1
    np.savez_compressed(tmp_path / "dsprites.npz", imgs=images, latents_classes=classes)
    monkeypatch.chdir(tmp_path)
    options = ("--dataset", "dsprites.npz", "--hidden", 8, "--epochs", 1, "--runs", tmp_path / "runs")
    status, out, err = call(capsys, "train", *options, "--json")
    assert (status, json.loads(out)["state"]) == (0, "done") and "Traceback" not in err
    run = json.loads(out)["run"]
    monkeypatch.chdir("/")
    found = json.loads(call(capsys, "disentangle", run, "--json")[1])
    assert found["factors"] == ["shape", "scale", "orientation", "x", "y"] and found["images"] == 50
    assert call(capsys, "resume", run, "--epochs", 2, "--json")[0] == 0
    (tmp_path / "dsprites.npz").unlink()
    assert call(capsys, "disentangle", run)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["digits"], "The generative factors of 'mnist-sample' are not known"),
        (["nobody"], "There is no run 'nobody'"),
        (["drawn", "--dataset", "sprites-32-600"], "28 x 28"),
        (["drawn", "--dataset", "sprites-99"], "width of 28 to 64"),
        (["drawn", "--seed", "-1"], "--seed must be"),
    ],
)
def test_refusals(root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    status, out, err = call(capsys, "disentangle", *arguments, "--runs", root, "--json")
    assert (status, out, err.count("\n")) == (2, "", 1) and sentence in err
