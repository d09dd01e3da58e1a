"""Larochelle's files of the binarised MNIST: read as they are, and refused in one sentence where they are not whole."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cli.answers import SMALL
from vae_core.cli import main
from vae_core.data import amat, batches, catalogue, datasets
from vae_core.data.source import DatasetInfo
from vae_core.errors import DataError

TRAIN, VALID, TEST = amat.FILES
COUNTS = {TRAIN: 60, VALID: 20, TEST: 30}


@pytest.fixture
def digits() -> dict[str, torch.Tensor]:
    """Real digits in black and white, as many as each of the small files has."""
    images = batches.binarize_split(datasets.load_dataset("mnist-sample").train_images[:110], "fixed", 0)
    return dict(zip(COUNTS, torch.split(images, list(COUNTS.values())), strict=True))


@pytest.fixture
def folder(digits: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three files in the published form, only shorter."""
    monkeypatch.setattr(amat, "FILES", COUNTS)
    monkeypatch.setattr(amat, "PIECE", 25)
    found = tmp_path / "data"
    (found / amat.SUBFOLDER).mkdir(parents=True)
    for name, images in digits.items():
        np.savetxt(found / amat.SUBFOLDER / name, images.flatten(1).gt(0).int().numpy(), fmt="%d")
    return found


def test_13_larochelles_files_are_read_to_the_pixel(folder: Path, digits: dict[str, torch.Tensor]) -> None:
    found = datasets.load_dataset("binarized-mnist", folder)
    assert torch.equal(found.train_images, torch.cat([digits[TRAIN], digits[VALID]]))
    assert torch.equal(found.test_images, digits[TEST])
    assert found.train_labels.tolist() == [0] * 80 and found.test_labels.dtype == torch.int64
    assert found.digest == datasets.content_digest(found)
    assert torch.equal(batches.training_images(found, COUNTS[TRAIN]), digits[TRAIN]), "a limit gives the training file"


def test_13_the_files_may_lie_in_the_data_folder_itself_and_are_parsed_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = datasets.load_dataset("binarized-mnist", folder)
    for name in COUNTS:
        (folder / amat.SUBFOLDER / name).rename(folder / name)
    monkeypatch.setattr(amat, "_images", lambda *_: pytest.fail("parsed again"))
    assert datasets.load_dataset("binarized-mnist", folder).digest == first.digest


def test_13_the_list_says_whether_the_files_are_there(folder: Path, tmp_path: Path) -> None:
    def row(data_folder: Path) -> DatasetInfo:
        return next(info for info in catalogue.describe(data_folder) if info.name == "binarized-mnist")

    assert (row(folder).where, row(folder).is_here) == ("here", True)
    (tmp_path / "empty").mkdir()
    assert (row(tmp_path / "empty").where, row(tmp_path / "empty").is_here) == ("needs its files", False)
    assert not catalogue.knows_factors("binarized-mnist")


def test_13_the_published_sizes_are_those_of_the_papers() -> None:
    assert list(amat.FILES.values()) == [50_000, 10_000, 10_000]
    row = catalogue.find("binarized-mnist")
    assert (row.train, row.test, row.shape) == (60_000, 10_000, (1, 28, 28))


DAMAGE = {
    "cut in a line": (lambda content: content[:-100], f"Image 20 of {VALID} is not 784 digits of 0 or 1"),
    "cut between lines": (lambda content: content[: 5 * 1568], f"{VALID} has 5 images and should have 20"),
    "too long": (lambda content: content + content[:1568], f"{VALID} has 21 images and should have 20"),
    "empty": (lambda _: b"", f"{VALID} has 0 images and should have 20"),
    "grey": (lambda content: content.replace(b"1", b"7", 1), f"of {VALID} is not 784 digits of 0 or 1"),
    "decimals": (lambda content: content.replace(b"1", b"1.0"), f"Image 1 of {VALID} is not 784 digits"),
    "a web page": (lambda _: b"<html>not found</html>\n", f"Image 1 of {VALID} is not 784 digits"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_13_a_broken_file_is_one_sentence(damage: str, folder: Path) -> None:
    change, sentence = DAMAGE[damage]
    path = folder / amat.SUBFOLDER / VALID
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        datasets.load_dataset("binarized-mnist", folder)
    assert sentence in str(caught.value) and str(caught.value).endswith("again.") and "\n" not in str(caught.value)


def test_13_windows_line_ends_and_blank_lines_are_read(folder: Path, digits: dict[str, torch.Tensor]) -> None:
    path = folder / amat.SUBFOLDER / TEST
    path.write_bytes(path.read_bytes().replace(b"\n", b" \r\n") + b"\r\n\r\n")
    assert torch.equal(datasets.load_dataset("binarized-mnist", folder).test_images, digits[TEST])


@pytest.mark.parametrize("missing", [TRAIN, TEST])
def test_13_a_missing_file_is_one_sentence_and_starts_no_run(
    missing: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.remove(folder / amat.SUBFOLDER / missing)  # noqa: PTH107
    runs = tmp_path / "runs"
    options = ["--dataset", "binarized-mnist", "--runs", str(runs), "--data-dir", str(folder), *SMALL]
    assert main(["train", *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("The binarised MNIST needs its files: put ") and missing in err
    assert not list(runs.glob("*/config.json"))


def test_13_one_can_train_on_it_and_evaluate_other_models_with_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--runs", str(tmp_path / "runs"), "--data-dir", str(folder)]
    for dataset, name in (("binarized-mnist", "a"), ("mnist-sample", "b")):
        assert main(["train", "--dataset", dataset, "--binarize", "dynamic", *places, *SMALL, "--name", name]) == 0
    for run in sorted((tmp_path / "runs").glob("2*")):
        capsys.readouterr()
        assert main(["evaluate", str(run), "--dataset", "binarized-mnist", "--json", *places[2:]]) == 0
        assert '"images": 30' in (printed := capsys.readouterr().out) and '"floor_nats": 0.0' in printed
