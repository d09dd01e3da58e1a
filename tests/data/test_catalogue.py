from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vae_core.data import catalogue, idx
from vae_core.errors import ConfigError, DataError, DatasetMissing
from vae_core.storage.paths import PROJECT_ROOT

NAMES = [
    *("mnist-sample", "fashion-mnist-sample", "mnist", "fashion-mnist"),
    *("coloured-mnist-sample", "coloured-fashion-sample"),
]


def test_describes_every_row_in_order(tmp_path: Path) -> None:
    infos = catalogue.describe(tmp_path)
    assert [info.name for info in infos[:4]] == ["mnist-sample", "fashion-mnist-sample", "mnist", "fashion-mnist"]
    assert [info.where for info in infos[:4]] == ["bundled", "bundled", "can be downloaded", "can be downloaded"]
    assert [(info.train, info.test) for info in infos[:4]] == [(10_000, 2_000)] * 2 + [(60_000, 10_000)] * 2
    assert {info.shape for info in infos[:4]} == {(1, 28, 28)}
    assert {info.licence for info in infos[:4]} == {"CC BY-SA 3.0", "MIT"}
    assert [info.shape for info in infos if "coloured" in info.name] == [(3, 28, 28)] * 2
    assert "LeCun" in infos[0].source and "Zalando" in infos[1].source


def test_sprites_are_drawn_here(tmp_path: Path) -> None:
    found = {info.name: info for info in catalogue.describe(tmp_path)}
    for name, width in (("sprites", 32), ("sprites-64", 64)):
        assert (found[name].where, found[name].shape) == ("drawn by the program", (1, width, width))
        assert (found[name].train, found[name].test) == (30_000, 5_000)


def test_full_sets_are_seen(full_data: Path) -> None:
    assert {info.where for info in catalogue.describe(full_data)[:4]} == {"bundled", "here"}


def test_a_file_of_another_size_is_not_here(tmp_path: Path) -> None:
    folder = idx.MNIST.folder(tmp_path)
    folder.mkdir(parents=True)
    for name in idx.MNIST.files:
        (folder / name).write_bytes(b"cut short")
    assert catalogue.describe(tmp_path)[2].where == "can be downloaded"


def test_data_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.* does not exist; create it or choose another one\.$"):
        catalogue.describe(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["", "MNIST", "../mnist", "mnist\0", "cifar-10", "x" * 10_000])
def test_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(DataError) as caught:
        catalogue.find(name)
    sentence = str(caught.value)
    assert all(known in sentence for known in catalogue.SOURCES)
    assert len(sentence) < 300 and "\0" not in sentence


@pytest.mark.parametrize("name", ["photos/cats", "C:\\photos", "digits.ZIP", "digits.npz"])
def test_own_pictures_that_were_not_imported_come_with_the_command_that_does_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetMissing, match=r"There is no file .*; check the path"):
        catalogue.find(name)
    (tmp_path / "photos").mkdir()
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match="have not been imported; 'datasets add"):
        catalogue.find(name)


def test_needs_no_torch() -> None:
    code = "import sys, vae_core.data.catalogue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("sprites", True),
        ("sprites-28-600", True),
        ("mnist-sample", False),
        ("coloured-mnist-sample", False),
        ("x", False),
    ],
)
def test_of_sprites_it_is_known_what_made_them(name: str, known: bool) -> None:
    assert catalogue.knows_factors(name) is known
