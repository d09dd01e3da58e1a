"""The commands that use a trained model, as a person or a program calls them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.evaluation.untrained import saved, untrained
from vae_core.cli import main
from vae_core.data.datasets import load_dataset
from vae_core.evaluation.codes import decode_images, encode, fitted_gaussian
from vae_core.storage.runs import Run
from vae_core.viz import labels
from vae_core.viz.grids import mosaic
from vae_core.viz.labels import BAR, GAP, labelled_grid
from vae_core.viz.walks import random_codes


@pytest.fixture
def vae(runs_root: Path) -> Run:
    return saved(runs_root, "vae", untrained())


@pytest.fixture
def autoencoder(runs_root: Path) -> Run:
    return saved(runs_root, "ae", untrained(model="ae"))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    """`call(*arguments)`: the one JSON object that a command prints, which ended well."""

    def run(*arguments: object) -> dict[str, Any]:
        assert main([*map(str, arguments), "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        found: dict[str, Any] = json.loads(out)
        return found

    return run


def test_encode_writes_a_line_an_image(call: Any, vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "codes.csv"
    result = call("encode", vae.folder, "--out", out)
    assert result["run"] == str(vae.folder) and result["out"] == str(out)
    assert (result["images"], result["latents"], result["split"]) == (2000, 3, "test")
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    data = load_dataset("mnist-sample")
    codes = encode(untrained(), data.test_images)
    assert [int(row["index"]) for row in rows] == list(range(2000))
    assert [int(row["label"]) for row in rows] == data.test_labels.tolist()
    for name, column in (("z1", codes.mean[:, 0]), ("z3", codes.mean[:, 2])):
        np.testing.assert_allclose([float(row[name]) for row in rows], column, rtol=1e-5, atol=1e-6)
    errors = [float(row["mse_per_pixel"]) for row in rows]
    np.testing.assert_allclose(errors, codes.reconstruction_error, rtol=1e-5)
    assert result["mse_per_pixel"] == pytest.approx(np.mean(errors), rel=1e-5)


def test_encode_takes_another_dataset_and_split(call: Any, vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "codes.csv"
    given = ("--dataset", "fashion-mnist-sample", "--split", "train", "--out", out)
    assert call("encode", "vae", "--runs", vae.folder.parent, *given)["images"] == 10_000
    assert out.read_text().splitlines()[1].startswith("0,") and "Ankle boot" in out.read_text()


def test_sample_draws_from_the_prior(call: Any, vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    result = call("sample", vae.folder, "--out", out, "--count", 10, "--seed", 3, "--temperature", 0.5)
    assert (result["images"], result["seed"], result["drawn_from"]) == (10, 3, "prior")
    expected = mosaic(decode_images(untrained(), random_codes(10, 3, 3, 0.5)), 4, scale=2)
    with Image.open(out) as picture:
        assert np.abs(np.asarray(picture).astype(int) - np.asarray(expected)).max() <= 1


def test_at_beta_0_it_is_said_that_the_draws_mean_nothing(
    runs_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fault 12."""
    for beta in (0, 1):
        run = saved(runs_root, f"beta-{beta}", untrained(beta=beta))
        assert main(["sample", str(run.folder), "--out", str(tmp_path / "a.png"), "--json"]) == 0
        out, err = capsys.readouterr()
        warning = json.loads(out)["warning"]
        assert ("samples of the prior mean nothing" in str(warning)) == (beta == 0)
        assert err == (f"Note: {warning}\n" if beta == 0 else "") and (beta == 0 or warning is None)


def test_an_autoencoder_is_sampled_from_a_gaussian_and_says_so(call: Any, autoencoder: Run, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    result = call("sample", autoencoder.folder, "--out", out, "--count", 4)
    assert "fitted" in result["drawn_from"] and result["dataset"] == "mnist-sample"
    trained = untrained(model="ae")
    moments = fitted_gaussian(encode(trained, load_dataset("mnist-sample").test_images))
    expected = mosaic(decode_images(trained, random_codes(4, 3, 0, 1.0, *moments)), 2, scale=2)
    with Image.open(out) as picture:
        assert np.abs(np.asarray(picture).astype(int) - np.asarray(expected)).max() <= 1


def labelled_size(columns: int, lines: int, scale: int) -> tuple[int, int]:
    wide = max(28 * scale, round(labels._font().getlength("z2 = -3.09")) + 1)
    return columns * (wide + GAP) + GAP, lines * (28 * scale + BAR + GAP) + GAP


def test_traverse_shows_each_dimension_from_end_to_end(call: Any, vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "traversal.gif"
    result = call("traverse", vae.folder, "--out", out)
    assert sorted(result["dimensions"]) == [1, 2, 3] and result["frames"] == 30
    with Image.open(out) as film:
        assert film.n_frames == 58 and film.size == labelled_size(2, 2, 5)
        assert min(film.size) > 280, "large enough to look at"


def test_traverse_of_one_dimension_starts_at_its_low_end(call: Any, vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "traversal.gif"
    assert call("traverse", vae.folder, "--out", out, "--dimension", 2)["dimensions"] == [2]
    low = decode_images(untrained(), np.array([[0.0, -3.0902323, 0.0]]))
    with Image.open(out) as film:
        first = np.asarray(film.convert("L")).astype(int)
    assert np.abs(first - np.asarray(labelled_grid(low, ["z2 = -3.09"], 1, 5))).max() <= 1


@pytest.mark.parametrize("command", ["traverse", "sample"])
def test_pictures_are_as_large_as_asked_for(call: Any, vae: Run, tmp_path: Path, command: str) -> None:
    """Fault 12."""
    out = tmp_path / ("a.gif" if command == "traverse" else "a.png")
    more = ("--dimension", 1) if command == "traverse" else ("--count", 1)
    for scale in (1, 9, 64):
        call(command, vae.folder, "--out", out, "--scale", scale, *more)
        with Image.open(out) as picture:
            assert picture.width == (labelled_size(1, 1, scale)[0] if command == "traverse" else 28 * scale)


def test_where_a_full_set_is_not_here_its_sample_gives_the_ranges(
    call: Any, runs_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    run = saved(runs_root, "full", untrained(dataset="fashion-mnist", model="ae"))
    assert call("traverse", run.folder, "--out", tmp_path / "a.gif")["dataset"] == "fashion-mnist-sample"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sample", "nobody", "--out", "{}/a.png"), "no run"),
        (("sample", "vae", "--out", "{}/a.png", "--count", "0"), "--count must be 1 to 10000, not 0"),
        (("sample", "vae", "--out", "{}/a.png", "--count", "many"), "--count"),
        (("sample", "vae", "--out", "{}/a.png", "--temperature", "nan"), "--temperature must be 0 to 10, not nan"),
        (("sample", "vae", "--out", "{}/a.png", "--seed", "-1"), "--seed"),
        (("sample", "vae", "--out", "{}/a.jpg"), "ends in .png"),
        (("sample", "vae", "--out", "{}/nowhere/a.png"), "does not exist"),
        (("sample", "vae"), "--out"),
        (("traverse", "vae", "--out", "{}/a.gif", "--scale", "0"), "--scale must be 1 to 64, not 0"),
        (("sample", "vae", "--out", "{}/a.png", "--scale", "64"), "--scale must be 1 to 18 for 8 images of 28 pixels"),
        (("traverse", "vae", "--out", "{}/a.gif", "--dimension", "4"), "--dimension must be 1 to 3, not 4"),
        (("encode", "vae", "--out", "{}/a.csv", "--dataset", "nothing"), "no dataset called 'nothing'"),
        (("encode", "vae", "--out", "{}/a.csv", "--split", "both"), "--split"),
    ],
)
def test_a_bad_request_is_one_sentence(
    vae: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    given = [part.format(tmp_path) for part in arguments]
    assert main([*given, "--runs", str(vae.folder.parent), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and err.count("\n") == 1


def test_damaged_weights_are_one_sentence(vae: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (vae.folder / "model.safetensors").write_bytes(b"nothing")
    assert main(["traverse", str(vae.folder), "--out", str(tmp_path / "a.gif")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
