"""A dataset is added by one class and one row: the command line, the trainer and the pages then know it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.cli.answers import SMALL
from vae_core.cli import main
from vae_core.data import catalogue
from vae_core.data.datasets import content_digest, load_dataset
from vae_core.data.download import Download, RemoteFile
from vae_core.data.source import Content, Source, digest_of
from vae_core.storage import files
from vae_core.types import Array, Report

SHAPE = (3, 12, 10)


@dataclass(frozen=True, kw_only=True)
class Stripes(Source):
    """Vertical or horizontal stripes in colour, read from one file in the data folder."""

    download: Download

    def read(self, data_folder: Path, report: Report) -> Content:
        report("reading stripes", 0.5)
        content = np.frombuffer(files.read_bytes(self.download.folder(data_folder) / "stripes.bin"), np.uint8)
        images = content.reshape(-1, *SHAPE)
        labels = np.arange(len(images)) % 2
        arrays: dict[str, Array] = {
            "train_images": images[: self.train],
            "train_labels": labels[: self.train],
            "test_images": images[self.train :],
            "test_labels": labels[self.train :],
        }
        return Content(arrays, self.classes, digest_of(arrays))


@pytest.fixture
def stripes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stripes:
    """The toy dataset in the registry, its file beside it."""
    rows, columns = (np.broadcast_to(np.indices(SHAPE)[axis] % 2 * 255, SHAPE) for axis in (1, 2))
    content = np.stack([rows, columns] * 60).astype(np.uint8).tobytes()
    remote = {"stripes.bin": RemoteFile(len(content), 0, files.digest(content))}
    source = Stripes(
        name="stripes",
        title="Stripes in colour",
        origin="A test",
        licence="CC0",
        shape=SHAPE,
        train=100,
        test=20,
        classes=("rows", "columns"),
        download=Download(title="Stripes", subfolder="Stripes", mirrors=(), files=remote),
    )
    monkeypatch.setitem(catalogue.SOURCES, "stripes", source)
    (tmp_path / "data" / "Stripes").mkdir(parents=True)
    (tmp_path / "data" / "Stripes" / "stripes.bin").write_bytes(content)
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))
    return source


def test_a_source_is_loaded_by_its_name(stripes: Stripes) -> None:
    reports: list[str] = []
    data = load_dataset("stripes", report=lambda what, _: reports.append(what))
    assert catalogue.find("stripes") is stripes and reports == ["reading stripes"]
    assert (data.image_shape, data.classes, len(data.train_images)) == (SHAPE, ("rows", "columns"), 100)
    assert data.test_labels.dtype == torch.int64 and data.digest == content_digest(data)


def test_a_source_is_listed_and_trained_on_by_the_command_line(
    stripes: Stripes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["datasets", "--json"]) == 0
    row = next(row for row in json.loads(capsys.readouterr().out)["datasets"] if row["name"] == "stripes")
    assert (row["where"], row["train"], row["shape"], row["licence"]) == ("here", 100, list(SHAPE), "CC0")
    assert main(["train", "--dataset", "stripes", "--json", *SMALL]) == 0
    (run,) = (tmp_path / "runs").glob("2*")
    capsys.readouterr()
    assert main(["evaluate", str(run), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["dataset"], figures["images"]) == ("stripes", 20)


def test_a_source_is_known_on_the_train_page(stripes: Stripes, train_page: Callable[..., AppTest]) -> None:
    page = train_page(dataset="stripes")
    assert page.selectbox(key="dataset").value == "stripes"
    assert not page.exception
    assert any(
        caption.value == "Stripes in colour: 100 training and 20 test images, here" for caption in page.caption
    ), [caption.value for caption in page.caption]


def test_a_source_whose_file_is_missing_says_so(
    stripes: Stripes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "Stripes" / "stripes.bin").unlink()
    assert main(["train", "--dataset", "stripes", *SMALL]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Stripes could not be downloaded (no mirror is known); put stripes.bin into")
    assert error.count("\n") == 1 and not list((tmp_path / "runs").glob("2*"))
