"""Imported pictures on the pages: chosen on Train and Compare, shown on Generate, and said to be missing once deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.own.pictures import photo_files
from tests.pages.opened import open_page
from vae_core.config import make_config
from vae_core.data.own import picture_import, stored
from vae_core.data.own.import_settings import make_settings
from vae_core.storage.runs import create_run
from vae_core.training.driver import Driver


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the dataset `pets`, in colour."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LATENT_LAB_DATA", str(folder))
    assert picture_import.add(photo_files(tmp_path / "photos"), "pets", make_settings(size=12), folder) is not None
    return folder


def test_imported_pictures_are_known_on_the_pages(data: Path, runs: Path) -> None:
    page = open_page("train", dataset="pets")
    assert not page.exception and page.selectbox(key="dataset").value == "pets"
    assert "Your own pictures from photos: 11 training and 1 test images, here" in [
        caption.value for caption in page.caption
    ]
    page = open_page("compare", sweep_dataset="pets")
    assert not page.exception and page.selectbox(key="sweep_dataset").value == "pets"
    run = create_run(runs, make_config(dataset="pets", hidden="8", epochs=1), run_id="of-pets")
    Driver(run).drive()
    page = open_page("generate", trained="of-pets")
    assert not page.exception and not page.error and not page.warning
    stored.delete("pets", data)
    page = open_page("generate", trained="of-pets")
    assert not page.exception and not page.error
    told = [each.value.replace("\\", "") for each in page.warning]
    assert any("are missing: 'pets' (12 x 12 pixels, colour)" in each for each in told), told
