"""Files in the format of dSprites: an npz with `imgs` and `latents_classes`.

Matthey et al. 2017, "dSprites: Disentanglement testing Sprites dataset". Only these two numeric arrays are read. The
published file also contains Python objects, which are ignored because unpickling them could run code. The images are
unpacked piece by piece and kept as bits, so that the published 3 GB need only 400 MB of memory.

Imports torch only when images are read, because pages inspect files and must not wait.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal, NamedTuple

import numpy as np

from vae_core.data import array_cache, factors
from vae_core.data.source import Content, Source
from vae_core.data.sprites import MOST_TESTED
from vae_core.errors import DataError
from vae_core.storage import files
from vae_core.storage.arrays import NOT_A_BUNDLE
from vae_core.types import Array, Report

IMAGES, CLASSES = "imgs.npy", "latents_classes.npy"
NAMES = ("colour", "shape", "scale", "orientation", "x", "y")
"""The columns of the published file; columns with a single class, such as its colour, are dropped."""
SHAPES = ("square", "ellipse", "heart")
MAX_COLUMNS, MAX_SIDE, MAX_IMAGES, MAX_PIXELS = 16, 256, 5_000_000, 8_000_000_000
PIECE, FEWEST = 4_096, 12


@dataclass(frozen=True)
class Form:
    """The dimensions of a file's arrays, known before their content is read.

    Attributes:
        path: of the file.
        images: their number.
        height, width: of the images.
        columns: the number of columns of classes.
    """

    path: Path
    images: int
    height: int
    width: int
    columns: int

    @property
    def tested(self) -> int:
        """The number of test images, drawn at random: a sixth of all images, at most 10,000."""
        return min(MOST_TESTED, self.images // 6)

    @property
    def train(self) -> int:
        return self.images - self.tested

    @property
    def names(self) -> tuple[str, ...]:
        """The published names of the columns, or numbers if the file has another number of columns."""
        return NAMES if self.columns == len(NAMES) else tuple(f"factor {k + 1}" for k in range(self.columns))


@dataclass(frozen=True, eq=False)
class Packed:
    """The content of a file, with images packed as bits.

    Attributes:
        bits: (N, bytes) uint8, each image's pixels, eight per byte.
        factors: (N, k) int64, classes numbered from 0 without gaps, for columns with at least two classes.
        columns: (k,) int64, the indices of these columns in the file.
        names: their names.
    """

    bits: Array
    factors: Array
    columns: Array
    names: tuple[str, ...]


class _Header(NamedTuple):
    """The header of an array; `by_columns` means Fortran order."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    by_columns: bool


@dataclass(frozen=True, kw_only=True)
class DSpritesSource(Source):
    """A file in the format of dSprites, unpacked into the cache."""

    form: Form

    def read(self, data_folder: Path, report: Report) -> Content:
        form = self.form

        def plan() -> Mapping[str, array_cache.Plan]:
            packed = read(form)
            order = factors.shuffled(form.images, 0)
            train, test = order[form.tested :], order[: form.tested]
            images = factors.ImagePlans(self.shape, lambda rows: unpack(packed.bits[rows], form), report)
            return {
                "train_images": images.plan(train),
                "test_images": images.plan(test),
                **factors.label_plans(packed.factors[train], packed.factors[test], packed.names),
                "columns": array_cache.whole(packed.columns),
            }

        report(f"reading {form.path.name}", 0.0)
        key = f"dsprites-{files.file_digest(form.path)[:16]}"
        arrays, digest = array_cache.load_or_make(key, (*factors.NAMES, "columns"), plan)
        names = tuple(form.names[column] for column in arrays.pop("columns"))
        both = np.concatenate([arrays["train_factors"], arrays["test_factors"]])
        sizes = tuple(int(size) for size in both.max(axis=0) + 1)
        shapes = sizes[factors.label_column(names)]
        classes = SHAPES if "shape" in names and shapes == len(SHAPES) else tuple(map(str, range(shapes)))
        return Content(arrays, classes, digest, names, sizes)


def source_of(name: str) -> DSpritesSource | None:
    """Returns the dataset in a file, or None if there is no such file or it has neither of the two arrays.

    Raises:
        DataError: one of the arrays is missing or unusable; the message names it and says why.
    """
    form = inspect_file(name)
    if form is None:
        return None
    return DSpritesSource(
        name=name,
        title="A file in the format of dSprites",
        origin=f"the file {form.path.name}",
        licence="that of the file",
        shape=(1, form.height, form.width),
        train=form.train,
        test=form.tested,
        file=form.path,
        has_factors=True,
        form=form,
    )


def inspect_file(name: str) -> Form | None:
    """Returns the form of a file, or None if there is no such file or it has neither of the two arrays.

    Raises:
        DataError: one of the arrays is missing or unusable; the message names it and says why.
    """
    path = Path(name)
    if path.suffix.lower() != ".npz" or "\0" in name or not os.path.isfile(path):  # noqa: PTH113  (may be too long)
        return None
    return _inspected(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _inspected(path: Path, _changed: int) -> Form | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {IMAGES, CLASSES} & set(archive.namelist())
            headers = {name: _header_of(archive, name, path) for name in names}
    except NOT_A_BUNDLE:
        return None
    if not names:
        return None
    if CLASSES not in names:
        raise _wrong(
            path, CLASSES, "is missing; add it: integers of shape images x factors, the classes that made each image"
        )
    if IMAGES not in names:
        raise _wrong(path, IMAGES, "is missing; add it with the shape images x height x width")
    return _form(path, headers[IMAGES], headers[CLASSES])


def _form(path: Path, images: _Header, classes: _Header) -> Form:
    for name, header in ((IMAGES, images), (CLASSES, classes)):
        if header.dtype.hasobject:
            raise _wrong(path, name, "holds Python objects, which are never read; save it as whole numbers")
        if header.dtype.kind not in "buif":
            raise _wrong(path, name, f"holds values of type {header.dtype}; save it as whole numbers")
    shape = _without_channel(images.shape)
    if len(shape) != 3:
        raise _wrong(path, IMAGES, f"is {_sizes(images.shape)}; it must be images x height x width, in one channel")
    if len(classes.shape) not in (1, 2):
        raise _wrong(path, CLASSES, f"is {_sizes(classes.shape)}; it must be images x factors")
    if classes.shape[0] != shape[0]:
        raise _wrong(path, CLASSES, f"is {_sizes(classes.shape)}; it needs a row for each of the {shape[0]:,} images")
    columns = classes.shape[1] if len(classes.shape) == 2 else 1
    if not 1 <= columns <= MAX_COLUMNS:
        raise _wrong(path, CLASSES, f"has {columns:,} columns; it may have 1 to {MAX_COLUMNS}")
    if not FEWEST <= shape[0] <= MAX_IMAGES:
        raise _wrong(path, IMAGES, f"holds {shape[0]:,} images; it may hold {FEWEST} to {MAX_IMAGES:,}")
    if not all(1 <= side <= MAX_SIDE for side in shape[1:]):
        raise _wrong(path, IMAGES, f"holds images of {_sizes(shape[1:])} pixels; they may have 1 to {MAX_SIDE} a side")
    if math.prod(shape) > MAX_PIXELS:
        raise _wrong(path, IMAGES, f"holds {math.prod(shape):,} pixels; it may hold {MAX_PIXELS:,}")
    return Form(path, *shape, columns)


def _without_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape without a single channel, which some libraries put last and others second."""
    if len(shape) == 4 and shape[3] == 1:
        return shape[:3]
    return (shape[0], *shape[2:]) if len(shape) == 4 and shape[1] == 1 else shape


def _wrong(path: Path, array: str, what: str) -> DataError:
    return DataError(f"In {path.name!r} the array {array.removesuffix('.npy')!r} {what}.")


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def read(form: Form) -> Packed:
    """Reads the two arrays of a file.

    Images may have any numeric type but only two tones, 0 and another one. Classes may have any type but must be integers.
    Both may be in C or Fortran order.

    Raises:
        DataError: the file is damaged, its images have more than two tones, its classes are not integers, or no factor
            has two classes.
    """
    try:
        with zipfile.ZipFile(form.path) as archive:
            with archive.open(CLASSES, mode="r") as stream:
                classes = _classes(stream, form)
            with archive.open(IMAGES, mode="r") as stream:
                bits = _bits(stream, form)
    except NOT_A_BUNDLE as error:
        raise DataError(f"The file {form.path.name!r} is damaged; fetch it again.") from error
    columns = [np.unique(column, return_inverse=True) for column in classes.T]
    kept = [number for number, (values, _) in enumerate(columns) if len(values) > 1]
    if not kept:
        raise DataError(
            f"In {form.path.name!r} every factor has only one class, so there is nothing to tell apart; add classes."
        )
    classes_of = np.stack([columns[number][1] for number in kept], axis=1).astype(np.int64)
    return Packed(bits, classes_of, np.array(kept), tuple(form.names[number] for number in kept))


def unpack(bits: Array, form: Form) -> Array:
    """Unpacks rows of `Packed.bits`, (N, bytes), to images, (N, 1, height, width) uint8, 0 or 255."""
    pixels = np.unpackbits(bits, axis=1, count=form.height * form.width)
    return pixels.reshape(-1, 1, form.height, form.width) * np.uint8(255)


def _header_of(archive: zipfile.ZipFile, name: str, path: Path) -> _Header:
    try:
        with archive.open(name, mode="r") as stream:
            return _header(stream)
    except NOT_A_BUNDLE as error:
        raise _wrong(path, name, "is damaged or in an unknown format; save it with numpy.savez") from error


def _header(stream: IO[bytes]) -> _Header:
    """Reads the header of an array, leaving the stream at its content.

    Raises:
        ValueError: it is not an array, or in a version of the format that only Python objects need.
    """
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"array format {version}")
    return _Header(dtype, shape, by_columns)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise EOFError("cut short")
    return content


def _classes(stream: IO[bytes], form: Form) -> Array:
    """Reads the classes, (images, columns), of any numeric type."""
    dtype, _, by_columns = _header(stream)
    content = _exactly(stream, form.images * form.columns * dtype.itemsize)
    order: Literal["F", "C"] = "F" if by_columns else "C"
    classes = np.frombuffer(content, dtype).reshape((form.images, form.columns), order=order)
    if dtype.kind == "f" and not (np.isfinite(classes) & (classes == np.rint(classes))).all():
        raise _wrong(form.path, CLASSES, "holds values that are not whole numbers; number the classes of each factor")
    return classes


def _bits(stream: IO[bytes], form: Form) -> Array:
    dtype, _, by_columns = _header(stream)
    tones = _Tones(form, np.dtype(np.uint8) if dtype.kind == "b" else dtype)
    size = form.height * form.width
    if by_columns:  # the top left pixel of all images, then the one below it, and so on
        return _turned([np.packbits(tones.ink(stream, form.images)) for _ in range(size)], form)
    rows, step = [], max(1, PIECE // dtype.itemsize)
    for start in range(0, form.images, step):
        count = min(step, form.images - start)
        rows.append(np.packbits(tones.ink(stream, count * size).reshape(count, size), axis=1))
    return np.concatenate(rows)


@dataclass
class _Tones:
    """Reads pixels as ink or background; `top` is the value of ink once it is known."""

    form: Form
    dtype: np.dtype[np.generic]
    top: float = 0

    def ink(self, stream: IO[bytes], count: int) -> Array:
        """Returns whether each of the next pixels is ink, (count,) bool."""
        values = np.frombuffer(_exactly(stream, count * self.dtype.itemsize), self.dtype)
        inked: Array = values != 0  # NaN counts as ink and is refused below
        self.top = self.top or values.max().item()
        if inked.any() and not (self.top > 0 and (values[inked] == self.top).all()):
            raise _wrong(self.form.path, IMAGES, "holds images that are not of two tones, 0 and another one")
        return inked


def _turned(lines: list[Array], form: Form) -> Array:
    """Transposes bits: from all images per pixel, in column order, to all pixels per image."""
    by_pixel, rows = np.stack(lines), []
    for start in range(0, form.images, PIECE):  # a multiple of 8
        count = min(PIECE, form.images - start)
        piece = np.unpackbits(by_pixel[:, start // 8 : -(-(start + count) // 8)], axis=1, count=count)
        by_image = piece.T.reshape(count, form.width, form.height).swapaxes(1, 2).reshape(count, -1)
        rows.append(np.packbits(by_image, axis=1))
    return np.concatenate(rows)
