"""`disentangle` on the command line, on tiny sprites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evaluation.untrained import saved, untrained
from vae_core.cli import main

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
    assert table[0] == 0 and "factor_vae_score" in table[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["digits"], "What made the images of 'mnist-sample' is not known"),
        (["nobody"], "There is no run 'nobody'"),
        (["drawn", "--dataset", "sprites-32-600"], "28 x 28"),
        (["drawn", "--dataset", "sprites-99"], "width of 28 to 64"),
        (["drawn", "--seed", "-1"], "--seed must be"),
    ],
)
def test_refusals(root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    status, out, err = call(capsys, "disentangle", *arguments, "--runs", root, "--json")
    assert (status, out, err.count("\n")) == (2, "", 1) and sentence in err
