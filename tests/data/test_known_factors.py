"""Datasets with known factors: drawn from a seed, read from files of dSprites' form, kept in the cache and checked."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from vae_core.data import array_cache, catalogue, datasets, dsprites, sprites
from vae_core.data.source import PARTS
from vae_core.errors import DataError, DiskError
from vae_core.storage import files
from vae_core.types import Array

SMALL = "sprites-28-600"


class Touchy:
    """An object whose unpickling would be seen."""

    opened: ClassVar[list[str]] = []

    def __reduce__(self) -> Any:
        return Touchy.opened.append, ("unpickled",)


def published(path: Path, images: Array, classes: Array, **others: Array) -> Path:
    """A file as dSprites is published: compressed, with a Python object in it."""
    metadata = np.array({"title": "test", "touchy": Touchy()}, dtype=object)
    np.savez_compressed(
        path, metadata=metadata, imgs=images, latents_classes=classes, latents_values=classes.astype(float), **others
    )
    return path


def small_file(folder: Path, tone: int = 1) -> tuple[Path, Array, Array]:
    """120 images of 20 x 24 whose first pixels say their number; six columns of classes, the first always 0."""
    numbers = np.arange(120)
    images = np.zeros((120, 20, 24), np.uint8)
    images[:, 0, :8] = np.unpackbits(numbers.astype(np.uint8)[:, None], axis=1)
    images[:, 5:9, 6:17] = 1
    classes = np.stack(
        [numbers * 0, numbers // 40, numbers // 20 % 2, numbers // 10 % 2, numbers // 2 % 5, numbers % 2]
    )
    table = np.ascontiguousarray(classes.T)
    return published(folder / "small.npz", images * tone, table), images, table


def _small() -> tuple[Array, Array]:
    with tempfile.TemporaryDirectory() as folder:
        return small_file(Path(folder))[1:]


IMAGES, CLASSES = _small()


def test_sprites_are_those_of_their_factors() -> None:
    found = datasets.load_dataset(SMALL)
    assert found.image_shape == (1, 28, 28) and found.classes == ("square", "ellipse", "L") and found.name == SMALL
    assert found.factors is not None
    assert found.factors.names == ("shape", "scale", "orientation", "x", "y")
    assert found.factors.sizes == (3, 6, 8, 14, 14)
    for split, count in (("train", 600), ("test", 100)):
        factors, images = getattr(found.factors, split), getattr(found, f"{split}_images")
        assert factors.shape == (count, 5) and factors.dtype == torch.int64
        assert np.array_equal(sprites.draw(factors.numpy(), 28), images.numpy())
        assert torch.equal(getattr(found, f"{split}_labels"), factors[:, 0])
    assert torch.equal(found.train_images.unique(), torch.tensor([0, 255], dtype=torch.uint8))


def test_the_seed_says_which() -> None:
    """The digest of one size is known, so that a change of the drawing or of the draws is seen."""
    first, again, other = (
        datasets.load_dataset(SMALL),
        datasets.load_dataset(f"{SMALL}-0"),
        datasets.load_dataset(f"{SMALL}-1"),
    )
    assert first.digest == again.digest != other.digest
    assert first.digest.startswith("e06e6eeee6a1"), "give sprites.DRAWING a new number, and this test this digest"


def test_sprites_are_in_the_catalogue() -> None:
    for name, width in (("sprites", 32), ("sprites-64", 64), (SMALL, 28)):
        assert catalogue.find(name).shape == (1, width, width)
    row, found = catalogue.find(SMALL), datasets.load_dataset(SMALL)
    assert (row.train, row.test) == (len(found.train_images), len(found.test_images))


def test_other_datasets_have_no_known_factors() -> None:
    assert datasets.load_dataset("mnist-sample").factors is None


@pytest.mark.parametrize("damage", ["cut", "bit", "gone", "digest", "text"])
def test_a_damaged_cache_is_made_anew(cache: Path, damage: str) -> None:
    before = datasets.load_dataset(SMALL)
    (folder,) = cache.glob("datasets/sprites-28-600-*")
    path = folder / "test_factors.npy"
    content = bytearray(path.read_bytes())
    if damage == "digest":
        (folder / "digest.json").write_text('{"schema": 1, "digest": "0"}')
    path.unlink()
    changed = content[:-1] + bytes([content[-1] ^ 1])
    broken = {"cut": content[:200], "bit": changed, "digest": content, "text": b"no array"}
    if damage in broken:
        path.write_bytes(broken[damage])
    after = datasets.load_dataset(SMALL)
    assert after.digest == before.digest and after.factors is not None and before.factors is not None
    assert torch.equal(after.factors.test, before.factors.test)
    assert path.read_bytes() == content
    assert not list(cache.rglob(".partial*"))


def test_the_cache_is_used_and_maps_are_private(cache: Path) -> None:
    first = datasets.load_dataset(SMALL)
    (path,) = cache.glob("datasets/sprites-28-600-*/train_images.npy")
    written = path.stat().st_ino
    first.train_images[0].fill_(7)
    assert not torch.equal(datasets.load_dataset(SMALL).train_images[0], first.train_images[0])
    assert path.stat().st_ino == written


def test_a_disk_that_takes_nothing_leaves_it_in_memory(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = datasets.load_dataset(SMALL).digest
    files.remove_tree(cache)

    def refuse(*_: object, **__: object) -> None:
        raise DiskError("The folder is read-only.")

    monkeypatch.setattr(files, "make_folder", refuse)
    assert datasets.load_dataset(SMALL).digest == expected and not cache.exists()


def test_progress_is_told() -> None:
    said: list[tuple[str, float]] = []
    datasets.load_dataset(SMALL, report=lambda text, share: said.append((text, share)))
    assert said and all(text and 0 <= share <= 1 for text, share in said) and said[-1][1] == 1


@pytest.mark.parametrize("tone", [1, 255])
def test_a_published_file_is_read_without_its_objects(tmp_path: Path, tone: int) -> None:
    path, images, classes = small_file(tmp_path, tone)
    Touchy.opened.clear()
    found = datasets.load_dataset(str(path))
    again = datasets.load_dataset(str(path))
    assert Touchy.opened == [] and again.digest == found.digest
    assert found.factors is not None and again.factors is not None
    assert found.factors.names == again.factors.names == ("shape", "scale", "orientation", "x", "y")
    assert found.factors.sizes == again.factors.sizes == (3, 2, 2, 5, 2)
    assert found.classes == ("square", "ellipse", "heart") and found.image_shape == (1, 20, 24)
    numbers = []
    for split, count in (("train", 100), ("test", 20)):
        pixels, factors = getattr(found, f"{split}_images").numpy(), getattr(found.factors, split).numpy()
        split_numbers = np.packbits(pixels[:, 0, 0, :8] > 0, axis=1)[:, 0]
        assert len(pixels) == count and np.array_equal(pixels[:, 0], images[split_numbers] * 255)
        assert np.array_equal(factors, classes[split_numbers, 1:])
        assert np.array_equal(getattr(found, f"{split}_labels").numpy(), classes[split_numbers, 1])
        numbers += split_numbers.tolist()
    assert sorted(numbers) == list(range(120)), "every image is in one split"
    assert numbers[:100] != sorted(numbers[:100]), "mixed, so that a limit takes of every class"
    row = catalogue.find(str(path))
    assert (row.shape, row.train, row.test) == ((1, 20, 24), 100, 20)


def test_other_columns_have_numbers_for_names(tmp_path: Path) -> None:
    _, images, classes = small_file(tmp_path)
    path = published(tmp_path / "other.npz", images.astype(bool), np.ascontiguousarray(classes[:, [4, 0, 2]] * 7))
    found = datasets.load_dataset(str(path))
    assert found.factors is not None and found.factors.names == ("factor 1", "factor 3")
    assert found.factors.sizes == (5, 2) and found.classes == tuple("01234")


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path, images, classes = small_file(tmp_path)
    first = datasets.load_dataset(str(path))
    published(path, images[::-1], classes)
    assert datasets.load_dataset(str(path)).digest != first.digest


def refusal(name: str) -> str:
    with pytest.raises(DataError) as caught:
        datasets.load_dataset(name)
    return str(caught.value)


NEARLY = {
    "no classes": ({"imgs": IMAGES}, "array 'latents_classes' is missing"),
    "no images": ({"latents_classes": CLASSES}, "array 'imgs' is missing"),
    "objects": ({"latents_classes": np.array([[Touchy()]] * 120, dtype=object)}, "'latents_classes' holds Python objects"),
    "objects as images": ({"imgs": np.array([Touchy()] * 120, dtype=object)}, "'imgs' holds Python objects"),
    "text": ({"latents_classes": CLASSES.astype(str)}, "'latents_classes' holds values of type <U"),
    "complex": ({"imgs": IMAGES.astype(complex)}, "'imgs' holds values of type complex128"),
    "fractions": ({"latents_classes": CLASSES / 2}, "'latents_classes' holds values that are not whole numbers"),
    "not a number": ({"latents_classes": CLASSES * np.nan}, "'latents_classes' holds values that are not whole numbers"),
    "grey": ({"imgs": IMAGES * np.linspace(0.1, 1, 24)}, "'imgs' holds images that are not of two tones"),
    "negative": ({"imgs": -IMAGES.astype(int)}, "'imgs' holds images that are not of two tones"),
    "holes": ({"imgs": np.where(IMAGES > 0, np.nan, 0)}, "'imgs' holds images that are not of two tones"),
    "colours": ({"imgs": np.repeat(IMAGES[..., None], 3, 3)}, "'imgs' is 120 x 20 x 24 x 3; it must be images x height"),
    "flat": ({"imgs": IMAGES.reshape(120, -1)}, "'imgs' is 120 x 480; it must be images x height x width"),
    "deep": ({"latents_classes": CLASSES[..., None]}, "'latents_classes' is 120 x 6 x 1; it must be images x factors"),
    "single": ({"latents_classes": np.array(3)}, "'latents_classes' is a single number; it must be images x factors"),
    "uneven": ({"latents_classes": CLASSES[:-1]}, "'latents_classes' is 119 x 6; it needs a row for each of the 120"),
    "turned": ({"latents_classes": CLASSES.T}, "'latents_classes' is 6 x 120; it needs a row for each of the 120 images"),
    "few": ({"imgs": IMAGES[:11], "latents_classes": CLASSES[:11]}, "'imgs' holds 11 images; it may hold 12 to"),
    "many columns": ({"latents_classes": np.tile(CLASSES, 3)}, "'latents_classes' has 18 columns; it may have 1 to 16"),
    "no columns": ({"latents_classes": CLASSES[:, :0]}, "'latents_classes' has 0 columns"),
    "wide": ({"imgs": np.zeros((120, 1, 257), np.uint8)}, "'imgs' holds images of 1 x 257 pixels"),
}  # fmt: skip


@pytest.mark.parametrize("case", NEARLY)
def test_a_file_that_is_nearly_right_is_told_which_array_is_wrong(case: str, tmp_path: Path) -> None:
    """Fault 11."""
    arrays, words = NEARLY[case]
    others = {} if "is missing" in words else {"imgs": IMAGES, "latents_classes": CLASSES}
    np.savez(tmp_path / "nearly.npz", **{**others, **arrays})
    Touchy.opened.clear()
    said = refusal(str(tmp_path / "nearly.npz"))
    assert said.startswith("In 'nearly.npz' the array ") and words in said and said.endswith(".")
    assert Touchy.opened == []


CLEAR = {
    "classes as floats": {"latents_classes": CLASSES.astype(np.float32)},
    "small classes": {"latents_classes": CLASSES.astype(np.uint8)},
    "big-endian": {"latents_classes": CLASSES.astype(">i4"), "imgs": IMAGES.astype(">u2") * 255},
    "classes in columns": {"latents_classes": np.asfortranarray(CLASSES)},
    "images in columns": {"imgs": np.asfortranarray(IMAGES)},
    "images and classes in columns": {
        "imgs": np.asfortranarray(IMAGES.astype(np.float64)), "latents_classes": np.asfortranarray(CLASSES),
    },
    "images as floats": {"imgs": IMAGES.astype(np.float32)},
    "images as halves": {"imgs": IMAGES.astype(np.float16) * 0.5},
    "images as int64": {"imgs": IMAGES.astype(np.int64) * 255},
    "images as bools": {"imgs": IMAGES.astype(bool)},
    "a channel at the end": {"imgs": IMAGES[..., None]},
    "a channel in front": {"imgs": IMAGES[:, None]},
    "a channel, in columns": {"imgs": np.asfortranarray(IMAGES[..., None])},
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAR)
def test_a_file_whose_meaning_is_clear_is_read(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 11: other types, orders and ranks give the same dataset."""
    monkeypatch.setattr(dsprites, "PIECE", 56)
    published(tmp_path / "plain.npz", IMAGES, CLASSES)
    np.savez_compressed(tmp_path / "other.npz", **{"imgs": IMAGES, "latents_classes": CLASSES, **CLEAR[case]})
    plain, other = (datasets.load_dataset(str(tmp_path / f"{name}.npz")) for name in ("plain", "other"))
    assert other.digest == plain.digest and other.classes == plain.classes


def test_a_single_factor_may_be_one_row_of_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", imgs=IMAGES, latents_classes=CLASSES[:, 4])
    found = datasets.load_dataset(str(tmp_path / "one.npz"))
    assert found.factors is not None and found.factors.names == ("factor 1",) and found.factors.sizes == (5,)


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", pictures=IMAGES)
    for name in ("empty.npz", "text.npz"):
        (tmp_path / name).write_bytes(b"" if name == "empty.npz" else b"no archive")
    for name in ("other.npz", "empty.npz", "text.npz"):
        assert "have not been imported" in refusal(str(tmp_path / name)), name
    assert "There is no file" in refusal(str(tmp_path / "missing.npz"))


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x03\x00" + bytes(80), b"\x93NUMPY\x01\x00\xff\xff{"])
def test_a_member_that_is_no_array_is_named(content: bytes, tmp_path: Path) -> None:
    """Fault 11."""
    np.savez(tmp_path / "broken.npz", latents_classes=CLASSES)
    with zipfile.ZipFile(tmp_path / "broken.npz", "a") as archive:
        archive.writestr("imgs.npy", content)
    assert "the array 'imgs' is damaged" in refusal(str(tmp_path / "broken.npz"))


def test_a_file_that_shows_its_damage_late_is_one_sentence(tmp_path: Path) -> None:
    path, images, classes = small_file(tmp_path)
    assert "two tones" in refusal(
        str(published(tmp_path / "grey.npz", images * np.arange(24, dtype=np.uint8), classes))
    )
    assert "only one class" in refusal(str(published(tmp_path / "one.npz", images, classes * 0)))
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("imgs.npy")
    content = bytearray(path.read_bytes())
    middle = entry.header_offset + entry.compress_size - 20
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)
    assert "is damaged; fetch it again" in refusal(str(path))


def test_a_file_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    """Nothing of the declared size is allocated."""
    header = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": (100_000, 256, 256)}
    np.lib.format.write_array_header_1_0(header, about)
    classes = io.BytesIO()
    np.save(classes, np.zeros((100_000, 2), np.int64))
    path = tmp_path / "claim.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("imgs.npy", header.getvalue())
        archive.writestr("latents_classes.npy", classes.getvalue())
    assert "is damaged; fetch it again" in refusal(str(path))


def test_the_digest_is_that_of_the_samples() -> None:
    """One way to take it."""
    sample = datasets.load_dataset("mnist-sample")
    assert array_cache.digest({part: getattr(sample, part).numpy() for part in PARTS}) == sample.digest
