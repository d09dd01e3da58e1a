"""Imported datasets are named, renamed and deleted; runs find a renamed one under its old name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.own.pictures import digit_files
from vae_core.data import catalogue
from vae_core.data.own import picture_import, stored
from vae_core.data.own.import_settings import make_settings
from vae_core.errors import DatasetMissing, NameInvalid


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the dataset `mine`."""
    folder = tmp_path_factory.mktemp("data")
    digits = digit_files(12, tmp_path_factory.mktemp("pictures") / "digits")
    assert picture_import.add(digits, "mine", make_settings(), folder) is not None
    assert picture_import.add(digits, "other", make_settings(), folder) is not None
    return folder


def test_a_renamed_dataset_keeps_its_content_and_is_found_under_both_names(data: Path) -> None:
    before = stored.existing("mine", data)
    for new in ("Yours", "yours", "mine", "Ünïcode pictures", "mine"):
        stored.change_name(stored.existing("mine", data).name, new, data)
        found = stored.existing("mine", data)
        assert found.name == new and found.digest == before.digest
        assert catalogue.find(new, data).name == new
    assert [source.name for source in stored.sources(data)] == ["mine", "other"]


@pytest.mark.parametrize("name", ["other", "OTHER", "a-former-name"])
def test_a_name_that_is_taken_is_refused(name: str, data: Path) -> None:
    if name == "a-former-name":
        stored.change_name("other", name, data)
        stored.change_name(name, "other", data)
    with pytest.raises(NameInvalid, match="choose another name"):
        stored.change_name("mine", name, data)
    with pytest.raises(NameInvalid, match="choose another name"):
        stored.check_free(name, data)


@pytest.mark.parametrize(
    "name", ["", " ", ".hidden", "../up", "a/b", "a\\b", "a\0", "a\nb", "x" * 61, "a.zip", "b.NPZ", "-a", "a."]
)
def test_a_name_that_might_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(NameInvalid, match="letters, digits, spaces"):
        stored.check_name(name)


def test_a_dataset_that_is_not_there_is_named_with_those_that_are(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match=r"called 'nothing'; those that are: mine, other\."):
        stored.delete("nothing", data)
    with pytest.raises(DatasetMissing, match="there are none yet"):
        stored.existing("nothing", tmp_path)


def test_a_deleted_dataset_is_gone_and_leaves_nothing(tmp_path: Path) -> None:
    digits = digit_files(5, tmp_path / "digits")
    assert picture_import.add(digits, "mine", make_settings(), tmp_path) is not None
    assert stored.delete("mine", tmp_path) > 5 * 784
    assert [path.name for path in (tmp_path / "own").iterdir()] == [".lock"]
    assert stored.find_source("mine", tmp_path) is None and len(list(digits.rglob("*.png"))) == 5


def test_a_folder_that_is_no_dataset_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "own" / "stray").mkdir(parents=True)
    assert stored.sources(tmp_path) == [] and "stray: there is no manifest.json" in stored.problems(tmp_path)[0]
    with pytest.raises(NameInvalid, match="There is a folder 'stray'"):
        stored.check_free("stray", tmp_path)


@pytest.mark.parametrize("name", ["", "x" * 10_000, "nul\0", "/", "."])
def test_any_text_can_be_looked_for(name: str, data: Path) -> None:
    assert stored.find_source(name, data) is None
