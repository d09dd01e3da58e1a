"""An import from end to end: what is stored, what is rejected, what happens when it is stopped, fails or comes twice."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.own.pictures import digit_files, noise, photo, photo_files, sample, saved
from vae_core.data import array_cache, catalogue
from vae_core.data.datasets import Dataset, load_dataset
from vae_core.data.own import parts, picture_import, stored
from vae_core.data.own.found import Missing
from vae_core.data.own.import_settings import ImportSettings, make_settings
from vae_core.data.own.inspecting import inspect
from vae_core.data.own.picture_import import Outcome, add, add_or_find
from vae_core.errors import DataError, DatasetMissing, DiskError, NameInvalid
from vae_core.storage import files


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def bring(path: Path, data: Path, name: str = "mine", **settings: Any) -> Outcome:
    outcome = add(path, name, make_settings(**settings), data)
    assert outcome is not None
    return outcome


def loaded(outcome: Outcome, data: Path) -> Dataset:
    return load_dataset(outcome.source.name, data)


def left_over(data: Path) -> list[str]:
    """What is in the folder of imported datasets beside the datasets."""
    return sorted(path.name for path in (data / "own").iterdir() if path.name.startswith(".") and path.name != ".lock")


def test_digits_are_stored_as_they_are(tmp_path: Path, data: Path) -> None:
    outcome = bring(digit_files(120, tmp_path / "digits"), data)
    found, pictures, labels = loaded(outcome, data), *sample()
    assert found.image_shape == (1, 28, 28)  # their own size, since all are alike and small
    assert (len(found.train_images), len(found.test_images)) == (108, 12)
    assert found.classes == tuple(f"class-{number}" for number in range(10))
    names = stored.file_names(outcome.source)
    for split, images, indices in (
        ("train", found.train_images, found.train_labels),
        ("test", found.test_images, found.test_labels),
    ):
        for name, image, label in zip(names[split], images, indices, strict=True):
            index = int(Path(name).stem)
            np.testing.assert_array_equal(image[0], pictures[index])
            assert int(label) == labels[index]
    assert outcome.rejected == [] and outcome.copies == [] and left_over(data) == []
    manifest = outcome.source.manifest
    assert found.digest == manifest.digest == array_cache.digest({
        part: getattr(found, part).numpy() for part in ("train_images", "train_labels", "test_images", "test_labels")
    })  # fmt: skip
    assert 0.75 < manifest.summary.extreme < 0.95


def test_photographs_in_colour_and_grey_and_what_is_none(tmp_path: Path, data: Path) -> None:
    folder = photo_files(tmp_path / "photos")
    (folder / "chelsea" / "grey.png").write_bytes(saved(photo("camera").crop((0, 0, 90, 90))))
    (folder / "notes.txt").write_text("nothing to see")
    (folder / "astronaut" / "cut.jpg").write_bytes((folder / "astronaut" / "1.jpeg").read_bytes()[:900])
    (folder / "chelsea" / "wrong ending.txt").write_bytes((folder / "chelsea" / "0.png").read_bytes())
    outcome = bring(folder, data)
    assert loaded(outcome, data).image_shape == (3, 64, 64)
    assert {each.file: each.reason for each in outcome.rejected} == {
        "notes.txt": "It is not a picture.",
        "astronaut/cut.jpg": "It is damaged or of an unusual kind.",
    }
    assert outcome.copies == [("chelsea/wrong ending.txt", "chelsea/0.png")]
    held_out = stored.file_names(outcome.source)["test"]
    assert not {"chelsea/wrong ending.txt", "chelsea/0.png"} & set(held_out)
    assert any("same pixels as an earlier one: 1." in note for note in outcome.notes)
    details = stored.read_details(outcome.source)
    assert details["rejected"] == [each._asdict() for each in outcome.rejected] and details["modes"] == {
        "RGB": 13,
        "L": 1,
    }


def test_the_colours_follow_the_pictures_or_the_choice(tmp_path: Path, data: Path) -> None:
    folder = photo_files(tmp_path / "photos", 2)
    assert bring(folder, data, "grey", size=8, colour="grey").source.shape == (1, 8, 8)
    digits = digit_files(6, tmp_path / "digits")
    assert bring(digits, data, "colour", size=8, colour="colour").source.shape == (3, 8, 8)


def test_the_same_import_gives_the_same_bits_whatever_the_processes(tmp_path: Path, data: Path) -> None:
    folder = digit_files(600, tmp_path / "digits")
    one = add(folder, "one", make_settings(), data, processes=1)
    two = add(folder, "two", make_settings(), data, processes=2)
    other = add(folder, "other", make_settings(seed=1), data, processes=1)
    assert one is not None and two is not None and other is not None
    assert one.source.digest == two.source.digest != other.source.digest


def test_an_import_that_is_stopped_goes_on_where_it_was(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = digit_files(100, tmp_path / "digits")
    monkeypatch.setattr(picture_import, "LARGEST_BATCH", 16)
    answers = iter([False] * 3 + [True])
    assert add(folder, "mine", make_settings(), data, stopped=lambda: next(answers)) is None
    assert stored.sources(data) == [] and len(left_over(data)) == 1
    unfinished = data / "own" / left_over(data)[0]
    assert len(list(unfinished.glob("*.npy"))) == 3
    (unfinished / "00002.json").write_text("{")  # as after a crash
    written = []
    write = parts.write
    monkeypatch.setattr(parts, "write", lambda *given: (written.append(given[1]), write(*given)))
    outcome = bring(folder, data)
    assert written == [2, 3, 4, 5, 6] and left_over(data) == []
    monkeypatch.undo()
    assert outcome.source.digest == bring(folder, data, "at-once").source.digest


def test_a_disk_that_fills_up_leaves_no_dataset_and_the_import_goes_on(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = digit_files(40, tmp_path / "digits")
    monkeypatch.setattr(picture_import, "LARGEST_BATCH", 16)
    real: Callable[..., int] = os.write
    for allowed in range(0, 40, 3):
        left = [allowed]

        def write(descriptor: int, content: bytes, left: list[int] = left) -> int:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(descriptor, content)

        monkeypatch.setattr(files.SystemCalls, "write", staticmethod(write))
        try:
            outcome = add(folder, "mine", make_settings(), data)
        except DiskError as error:
            assert "No space left on device" in str(error) and "it goes on where it was" in str(error)
            assert stored.sources(data) == []
            continue
        assert allowed > 10 and outcome is not None and len(loaded(outcome, data).train_images) == 36
        break
    assert left_over(data) == []


def test_the_same_import_twice_at_once_is_refused_once(tmp_path: Path, data: Path) -> None:
    folder = digit_files(20, tmp_path / "digits")

    def stopped() -> bool:
        with pytest.raises(DataError, match="imported already, by another process"):
            add(folder, "second", make_settings(), data)
        return False

    assert add(folder, "first", make_settings(), data, stopped=stopped) is not None
    assert [source.name for source in stored.sources(data)] == ["first"]


def test_a_name_that_is_taken_meanwhile_loses_nothing(tmp_path: Path, data: Path) -> None:
    folder, other = digit_files(20, tmp_path / "digits"), digit_files(10, tmp_path / "others")
    with pytest.raises(NameInvalid, match="already"):
        add(folder, "mine", make_settings(), data, stopped=lambda: bool(len(other.name) and not taken(other, data)))
    assert [source.summary.train for source in (each.manifest for each in stored.sources(data))] == [9]
    assert len(left_over(data)) == 1  # what was prepared stays, for another name
    assert bring(folder, data, "yours").source.train == 18


def taken(folder: Path, data: Path) -> Outcome:
    return bring(folder, data, "mine")


def test_a_picture_that_disappears_meanwhile_is_named(tmp_path: Path, data: Path) -> None:
    folder = digit_files(20, tmp_path / "digits")
    path = next(folder.rglob("*.png"))

    def stopped() -> bool:
        path.unlink(missing_ok=True)
        return False

    outcome = add(folder, "mine", make_settings(), data, stopped=stopped)
    assert outcome is not None and outcome.source.train + outcome.source.test == 19
    assert [each.file for each in outcome.rejected] == [path.relative_to(folder).as_posix()]
    assert outcome.rejected[0].reason == "It cannot be read (No such file or directory)."


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures_are_one_sentence_and_nothing_is_stored(count: int, tmp_path: Path, data: Path) -> None:
    folder = digit_files(count, tmp_path / "digits")
    folder.mkdir(exist_ok=True)
    (folder / "text.txt").write_text("no picture")
    with pytest.raises(DataError, match=r"(only one picture|no pictures) that can be used; at least two"):
        bring(folder, data)
    assert stored.sources(data) == []


def test_tiny_and_few_pictures_are_imported_too(tmp_path: Path, data: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    for value in range(2):
        Image.new("L", (1, 1), 100 * value).save(folder / f"{value}.png")
    found = loaded(bring(folder, data), data)
    assert found.image_shape == (1, 4, 4) and (len(found.train_images), len(found.test_images)) == (1, 1)
    assert found.classes == ("picture",)


def test_more_classes_than_can_be_shown_are_left_out(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert picture_import.MAX_CLASSES == 1_000
    monkeypatch.setattr(picture_import, "MAX_CLASSES", 20)
    np.savez(tmp_path / "a.npz", images=noise(60), labels=np.arange(60))
    outcome = bring(tmp_path / "a.npz", data)
    assert loaded(outcome, data).classes == ("picture",)
    assert outcome.notes == ["There are 60 different labels; the most is 20, so they are left out."]
    np.savez(tmp_path / "a.npz", images=noise(60), labels=np.arange(60) % 11)
    assert loaded(bring(tmp_path / "a.npz", data, "fewer"), data).classes == tuple(map(str, range(11)))


def test_class_names_are_made_harmless(tmp_path: Path, data: Path) -> None:
    for name in ("a\nb", "x" * 200, "plain"):
        (tmp_path / "odd" / name).mkdir(parents=True)
        for index, picture in enumerate(noise(2, seed=len(name))):
            Image.fromarray(picture).save(tmp_path / "odd" / name / f"{index}.png")
    assert loaded(bring(tmp_path / "odd", data), data).classes == ("a b", "plain", "x" * 60)


def test_the_catalogue_finds_it_by_name_and_by_path(tmp_path: Path, data: Path) -> None:
    folder = digit_files(20, tmp_path / "digits")
    with pytest.raises(DataError, match="have not been imported; 'datasets add"):
        catalogue.find(str(folder), data)
    outcome = bring(folder, data, "My digits")
    assert catalogue.find("My digits", data) == catalogue.find(str(folder), data) == outcome.source
    assert catalogue.absolute_name(str(folder), data) == "My digits"
    row = catalogue.describe(data)[-1]
    assert (row.name, row.train, row.test, row.where, row.is_here) == ("My digits", 18, 2, "here", True)
    assert catalogue.is_here("My digits", data) and catalogue.is_imported("My digits", data)
    assert not catalogue.is_imported("mnist", data) and not catalogue.needs_download("My digits", data)
    with pytest.raises(DatasetMissing, match=r"the known ones are .*My digits"):
        catalogue.find("others", data)


def test_the_same_import_is_found_again_by_path_files_and_settings(tmp_path: Path, data: Path) -> None:
    folder = digit_files(20, tmp_path / "digits")
    first = add_or_find(folder, ImportSettings(), data)
    again = add_or_find(folder, ImportSettings(), data)
    assert first is not None and again is not None and (first.is_new, again.is_new) == (True, False)
    assert first.source == again.source and first.source.name == "digits"
    larger = add_or_find(folder, make_settings(size=32), data)
    assert larger is not None and larger.source.name == "digits-2"
    (folder / "class-7" / "0000.png").write_bytes(saved(photo("camera")))
    changed = add_or_find(folder, ImportSettings(), data)
    assert changed is not None and changed.is_new and changed.source.name == "digits-3"


def test_inspection_tells_what_an_import_finds_and_stores_nothing(tmp_path: Path) -> None:
    folder = photo_files(tmp_path / "photos")
    (folder / "notes.txt").write_text("nothing to see")
    found = inspect(folder, ImportSettings(), samples=5)
    assert (found.pictures, found.looked_at, found.settings.size) == (13, 13, 64)
    assert found.classes == {"chelsea": 6, "astronaut": 6, "": 1} and found.modes == {"RGB": 12}
    assert found.sizes == [((120, 100), 12)] and [each.file for each in found.rejected] == ["notes.txt"]
    assert found.samples.shape == (5, 3, 64, 64) and found.samples.std() > 20
    assert "'notes.txt': It is not a picture." in found.text() and "chelsea (6)" in found.text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_what_an_unfinished_import_left_long_ago_is_removed(tmp_path: Path, data: Path) -> None:
    old, recent = (data / "own" / f".import-{name}" for name in ("old", "recent"))
    for folder in (old, recent):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    bring(digit_files(5, tmp_path / "digits"), data)
    assert not old.exists() and recent.exists()


def test_a_stored_file_that_was_altered_is_noticed_and_a_copied_folder_is_not(tmp_path: Path, data: Path) -> None:
    outcome = bring(digit_files(20, tmp_path / "digits"), data)
    shutil.copytree(data / "own", tmp_path / "elsewhere" / "own")
    os.utime(tmp_path / "elsewhere" / "own" / "mine" / "train_images.npy", (5, 5))
    assert load_dataset("mine", tmp_path / "elsewhere").digest == outcome.source.digest
    path = outcome.source.folder / "train_images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    for damage in (lambda: None, lambda: path.write_bytes(content[:-1]), lambda: path.write_bytes(b"x"), path.unlink):
        damage()
        with pytest.raises(DataError, match="'mine' is damaged; delete it and import the pictures again"):
            load_dataset("mine", data)
    (outcome.source.folder / "manifest.json").write_text(json.dumps({"schema": 1, "name": 3}))
    assert stored.sources(data) == [] and "mine: manifest.json is damaged" in stored.problems(data)[0]


def test_what_a_file_lacks_is_missing_and_the_rest_is_stored(tmp_path: Path, data: Path) -> None:
    np.save(tmp_path / "a.npy", np.where(np.arange(12)[:, None, None] == 3, np.nan, noise(12) / 255))
    outcome = bring(tmp_path / "a.npy", data)
    assert [tuple(each) for each in outcome.rejected] == [("picture 3", "It holds values that are not numbers.")]
    assert outcome.source.train + outcome.source.test == 11
    assert Missing("x").reason == "x"
