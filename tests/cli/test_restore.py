"""restore: the keys of its answer, one's own files, and what is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.answers import AsJson, Call, contents
from tests.evaluation.untrained import saved, untrained
from vae_core.data.datasets import load_dataset
from vae_core.metrics.baselines import BASELINES, TONED
from vae_core.storage.runs import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return saved(tmp_path / "runs", "drawn", untrained())


def picture(path: Path, size: tuple[int, int], mode: str = "L") -> Path:
    path.parent.mkdir(exist_ok=True)
    values = np.random.default_rng(0).integers(0, 256, (*size[::-1], 4), np.uint8)
    Image.fromarray(values).convert(mode).save(path)
    return path


def test_the_figures_have_the_names_of_the_contract(as_json: AsJson, run: Run) -> None:
    found = as_json("restore", run.folder, "--corruption", "masking", "--level", "0.3", "--images", "12")
    assert {"psnr_corrupted", "psnr_model", "ssim_corrupted", "ssim_model", "baselines"} <= set(found)
    assert set(found["baselines"]) == {*BASELINES, *(name + TONED for name in BASELINES)}
    assert all(set(one) == {"psnr", "ssim"} for one in found["baselines"].values())
    assert (found["images"], found["level"], found["corruption"]) == (12, 0.3, "masking")
    assert 5 < found["psnr_corrupted"] < 30 and -1 <= found["ssim_model"] <= 1


def test_it_is_a_table_for_people(call: Call, run: Run) -> None:
    status, out, _ = call("restore", run.folder, "--corruption", "masking", "--images", "3")
    assert status == 0 and "corrupted" in out and "median-toned" in out


def test_files_are_restored_at_the_models_size(as_json: AsJson, run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    picture(source / "a.png", (28, 28))
    before = picture(source / "b.jpg", (60, 40), "RGB").read_bytes()
    picture(source / "a.gif", (28, 28))
    (source / "note.txt").write_text("no picture")
    found = as_json("restore", run.folder, "--input", source, "--out", out)
    assert found["images"] == 3 and sorted(path.name for path in out.iterdir()) == ["a.png", "a.png.png", "b.png"]
    assert {one["file"] for one in found["files"]} == {"a.png", "a.gif", "b.jpg"}
    assert any("scaled from 60 x 40" in note for one in found["files"] for note in one["notes"])
    with Image.open(out / "b.png") as restored:
        assert restored.size == (28, 28) and restored.mode == "L"
    assert (source / "b.jpg").read_bytes() == before


def test_subfolders_stay_and_results_below_the_source_are_not_restored_again(
    as_json: AsJson, run: Run, tmp_path: Path
) -> None:
    source = tmp_path / "in"
    for name in ("a.png", "sub/a.png", ".hidden.png"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        picture(source / name, (28, 28))
    for _ in range(2):
        found = as_json("restore", run.folder, "--input", source, "--out", source / "restored")
        assert [one["restored"] for one in found["files"]] == ["a.png", "sub/a.png"]
        assert (found["images"], found["failed"], found["ignored"]) == (2, [], [])
    assert (source / "restored" / "sub" / "a.png").is_file()


def test_one_file_and_a_zip_give_what_the_folder_gives(as_json: AsJson, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in"
    for name in ("a.png", "b.jpg"):
        picture(source / name, (40, 28))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("a.png", "b.jpg"):
            archive.write(source / name, f"../{name}")
    as_json("restore", run.folder, "--input", source, "--out", tmp_path / "folder")
    found = as_json("restore", run.folder, "--input", tmp_path / "all.zip", "--out", tmp_path / "zip")
    assert [one["file"] for one in found["files"]] == ["../a.png", "../b.jpg"]
    as_json("restore", run.folder, "--input", source / "a.png", "--out", tmp_path / "one")
    folder = {path.name: path.read_bytes() for path in (tmp_path / "folder").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "zip" / "_").iterdir()} == folder
    assert {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()} == {"a.png": folder["a.png"]}


def test_what_cannot_be_restored_is_listed_and_the_rest_restored(call: Call, run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    picture(source / "good.png", (28, 28))
    (source / "page.png").write_text("<html>")
    (source / "cut.png").write_bytes((source / "good.png").read_bytes()[:200])
    (source / "notes.txt").write_text("words")
    status, text, err = call("restore", run.folder, "--input", source, "--out", out)
    assert (status, err) == (1, "") and [path.name for path in out.iterdir()] == ["good.png"]
    assert "This is not a picture" in text and "The picture is damaged" in text and "Left out: 1 file not named" in text
    status, text, _ = call("restore", run.folder, "--input", source, "--out", out, "--json")
    found = json.loads(text)
    assert status == 1 and text.count("\n") == 1 and found["images"] == 1 and found["ignored"] == ["notes.txt"]
    assert [one["file"] for one in found["failed"]] == ["cut.png", "page.png"]
    assert all(one["reason"].endswith(".") for one in found["failed"])


def test_black_on_white_is_noticed_and_inverted(as_json: AsJson, call: Call, tmp_path: Path) -> None:
    digits = load_dataset("mnist-sample").test_images[:3, 0].numpy()
    black = tmp_path / "black"
    black.mkdir()
    for number, digit in enumerate(digits):
        Image.fromarray(np.invert(digit)).save(black / f"{number}.png")
    Image.fromarray(np.invert(np.pad(digits[0], ((0, 0), (20, 20))))).save(black / "wide.png")
    found = as_json("restore", "mnist-denoiser", "--input", black, "--out", tmp_path / "plain")
    assert [one["looks_inverted"] for one in found["files"][:3]] == [True] * 3 and not found["inverted"]
    assert "--invert" in found["files"][0]["notes"][-1]
    _, text, _ = call("restore", "mnist-denoiser", "--input", black, "--out", tmp_path / "plain")
    assert "look inverted to the model; try --invert." in text
    found = as_json("restore", "mnist-denoiser", "--input", black, "--out", tmp_path / "swapped", "--invert")
    assert not any(one["looks_inverted"] for one in found["files"]) and found["inverted"]

    def error(folder: str, number: int) -> float:
        with Image.open(tmp_path / folder / f"{number}.png") as restored:
            return float(np.square(np.asarray(restored, float) - np.invert(digits[number])).mean()) / 255**2

    for number in range(3):
        assert error("plain", number) > 0.3 and error("swapped", number) < 0.01, "in the picture's own light and dark"
    found = as_json("restore", "mnist-denoiser", "--input", tmp_path / "plain", "--out", tmp_path / "a", "--invert")
    assert any(one["looks_inverted"] for one in found["files"]), "what is the right way round is noticed as well"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name the damage to restore with --corruption"),
        (("--corruption", "fog"), "no corruption called 'fog'"),
        (("--corruption", "gaussian", "--level", "2"), "must be 0 to 1, not 2"),
        (("--corruption", "greyscale"), "needs colour images"),
        (("--corruption", "blur", "--images", "0"), "must be 1 to 10000, not 0"),
        (("--input", "IN"), "--input and --out go together"),
        (("--input", "IN", "--out", "IN"), "must be a different folder"),
        (("--input", "NOWHERE", "--out", "OUT"), "There is no file or folder"),
        (("--input", "EMPTY", "--out", "OUT"), "There is no picture in"),
        (("--input", "IN", "--out", "OUT", "--level", "0.5"), "leave out --corruption and --level"),
        (("--input", "IN/z.png", "--out", "OUT"), "z.png: This is not a picture"),
        (("--input", "IN/a.png", "--out", "IN"), "would replace one of --input"),
        (("--input", "IN/z.zip", "--out", "OUT"), "'z.zip' is damaged or not a zip"),
        (("--corruption", "masking", "--invert"), "--invert is for your own pictures"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    call: Call, run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    picture(tmp_path / "IN" / "a.png", (28, 28))
    for name in ("z.png", "z.zip"):
        (tmp_path / "IN" / name).write_bytes(b"text")
    (tmp_path / "EMPTY").mkdir()
    folders = ("IN", "OUT", "EMPTY", "NOWHERE")
    named = [str(tmp_path / one) if one.startswith(folders) else one for one in arguments]
    before = contents(tmp_path / "IN")
    status, out, error = call("restore", run.folder, *named)
    assert status == 2 and out == "" and words in error and error.count("\n") == 1
    assert not (tmp_path / "OUT").exists() and contents(tmp_path / "IN") == before


def test_a_corruption_that_the_images_have_no_colours_for_makes_no_run(call: Call, tmp_path: Path) -> None:
    status, _, error = call("train", "--corruption", "greyscale", "--runs", tmp_path / "runs")
    assert status == 2 and "needs colour images" in error
    assert list((tmp_path / "runs").iterdir()) == []
