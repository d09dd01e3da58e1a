"""restore: the keys of its answer, one's own files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.answers import AsJson, Call
from tests.evaluation.untrained import saved, untrained
from vae_core.metrics.filters import FILTERS, TONED
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
    assert set(found["baselines"]) == {*FILTERS, *(name + TONED for name in FILTERS)}
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name what to restore from with --corruption"),
        (("--corruption", "fog"), "no corruption called 'fog'"),
        (("--corruption", "gaussian", "--level", "2"), "must be 0 to 1, not 2"),
        (("--corruption", "greyscale"), "needs images in colour"),
        (("--corruption", "blur", "--images", "0"), "must be 1 to 10000, not 0"),
        (("--input", "IN"), "--input and --out go together"),
        (("--input", "IN", "--out", "IN"), "must be another folder"),
        (("--input", "NOWHERE", "--out", "OUT"), "is not there"),
        (("--input", "EMPTY", "--out", "OUT"), "There is no picture in"),
        (("--input", "IN", "--out", "OUT", "--level", "0.5"), "leave --corruption and --level out"),
        (("--input", "IN", "--out", "OUT"), "z.png: This is no picture"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    call: Call, run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    picture(tmp_path / "IN" / "a.png", (28, 28))
    (tmp_path / "IN" / "z.png").write_bytes(b"text")
    (tmp_path / "EMPTY").mkdir()
    named = [str(tmp_path / one) if one in ("IN", "OUT", "EMPTY", "NOWHERE") else one for one in arguments]
    status, out, error = call("restore", run.folder, *named)
    assert status == 2 and out == "" and words in error and error.count("\n") == 1
    assert not (tmp_path / "OUT").exists()


def test_a_corruption_that_the_images_have_no_colours_for_makes_no_run(call: Call, tmp_path: Path) -> None:
    status, _, error = call("train", "--corruption", "greyscale", "--runs", tmp_path / "runs")
    assert status == 2 and "needs images in colour" in error
    assert list((tmp_path / "runs").iterdir()) == []
