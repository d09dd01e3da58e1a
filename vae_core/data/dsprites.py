"""Files in the form in which dSprites is published: an npz with `imgs` and `latents_classes`.

Matthey et al. 2017, "dSprites: Disentanglement testing Sprites dataset". Only these two arrays of numbers are read; the
published file also holds Python objects, which are not looked at, since reading them would run what they say. The images
are unpacked piece by piece and kept as bits, so that the published 3 GB pass through 400 MB of memory.

Imports no torch: what a file holds is asked for by pages that wait for nothing.
"""

from __future__ import annotations

import math
import os
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from vae_core.data.sprites import MOST_TESTED
from vae_core.errors import DataError
from vae_core.storage.arrays import NOT_A_BUNDLE
from vae_core.types import Array

IMAGES, CLASSES = "imgs.npy", "latents_classes.npy"
NAMES = ("colour", "shape", "scale", "orientation", "x", "y")
"""What the published columns of classes are; columns with one class only, such as its colour, are left out."""
SHAPES = ("square", "ellipse", "heart")
MAX_COLUMNS, MAX_SIDE, MAX_IMAGES, MAX_PIXELS = 16, 256, 5_000_000, 8_000_000_000
PIECE, FEWEST = 4_096, 12


@dataclass(frozen=True)
class Form:
    """What a file says of itself, before anything of that size is read.

    Attributes:
        path: the file's.
        images, height, width: of the images.
        columns: of classes.
    """

    path: Path
    images: int
    height: int
    width: int
    columns: int

    @property
    def tested(self) -> int:
        """Test images, drawn from all: a sixth of them, at most 10,000."""
        return min(MOST_TESTED, self.images // 6)

    @property
    def train(self) -> int:
        return self.images - self.tested

    @property
    def names(self) -> tuple[str, ...]:
        """The published names of the columns, or numbers where there are not as many."""
        return NAMES if self.columns == len(NAMES) else tuple(f"factor {k + 1}" for k in range(self.columns))


@dataclass(frozen=True, eq=False)
class Content:
    """What a file holds.

    Attributes:
        bits: (N, bytes) uint8, each image's pixels, eight in a byte.
        factors: (N, k) int64, classes from 0 on without gaps; columns with two classes or more.
        columns: (k,) int64, which of the file's columns they are.
        names: theirs.
    """

    bits: Array
    factors: Array
    columns: Array
    names: tuple[str, ...]


def look(name: str) -> Form | None:
    """The form of a file, or None where there is no such file or it is of another form."""
    path = Path(name)
    if path.suffix.lower() != ".npz" or "\0" in name or not os.path.isfile(path):  # noqa: PTH113  (may be too long)
        return None
    return _look(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _look(path: Path, _changed: int) -> Form | None:
    try:
        with zipfile.ZipFile(path) as archive:
            if not {IMAGES, CLASSES} <= set(archive.namelist()):
                return None
            with archive.open(IMAGES, mode="r") as stream:
                pixels, shape = _header(stream)
            with archive.open(CLASSES, mode="r") as stream:
                numbers, rows = _header(stream)
    except NOT_A_BUNDLE:
        return None
    if pixels not in (np.dtype(np.uint8), np.dtype(bool)) or numbers.kind not in "iu":
        return None
    if len(shape) != 3 or len(rows) != 2 or shape[0] != rows[0] or shape[0] < FEWEST:
        return None
    sides = all(1 <= side <= MAX_SIDE for side in shape[1:]) and shape[0] <= MAX_IMAGES
    sides = sides and math.prod(shape) <= MAX_PIXELS
    return Form(path, *shape, rows[1]) if sides and 1 <= rows[1] <= MAX_COLUMNS else None


def read(form: Form) -> Content:
    """All that is used of a file.

    Raises:
        DataError: it is damaged, or its images have more than two tones, or no factor has two classes.
    """
    try:
        with zipfile.ZipFile(form.path) as archive:
            with archive.open(CLASSES, mode="r") as stream:
                numbers, shape = _header(stream)
                classes = np.frombuffer(_exactly(stream, shape[0] * shape[1] * numbers.itemsize), numbers)
            with archive.open(IMAGES, mode="r") as stream:
                _header(stream)
                bits = _bits(stream, form)
    except NOT_A_BUNDLE as error:
        raise DataError(f"The file {form.path.name!r} is damaged; fetch it again.") from error
    columns = [np.unique(column, return_inverse=True) for column in classes.reshape(shape).T]
    kept = [number for number, (found, _) in enumerate(columns) if len(found) > 1]
    if not kept:
        raise DataError(f"In {form.path.name!r} every factor has one class only, so there is nothing to tell apart.")
    factors = np.stack([columns[number][1] for number in kept], axis=1).astype(np.int64)
    return Content(bits, factors, np.array(kept), tuple(form.names[number] for number in kept))


def unpack(bits: Array, form: Form) -> Array:
    """Images (N, 1, height, width) uint8, 0 or 255, of rows of `Content.bits`."""
    pixels = np.unpackbits(bits, axis=1, count=form.height * form.width)
    return pixels.reshape(-1, 1, form.height, form.width) * np.uint8(255)


def _header(stream: IO[bytes]) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    """Type and shape of an array, the stream then standing at its content.

    Raises:
        ValueError: no array of numbers in rows.
    """
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"array format {version}")
    if by_columns or dtype.hasobject:
        raise ValueError("no numbers in rows")
    return dtype, shape


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise EOFError("cut short")
    return content


def _bits(stream: IO[bytes], form: Form) -> Array:
    size, top, rows = form.height * form.width, 0, []
    for start in range(0, form.images, PIECE):
        count = min(PIECE, form.images - start)
        piece = np.frombuffer(_exactly(stream, count * size), np.uint8).reshape(count, size)
        top = top or int(piece.max())
        if np.count_nonzero(piece == top) != np.count_nonzero(piece) and top:
            raise DataError(f"The images of {form.path.name!r} are not all of two tones, as those of dSprites are.")
        rows.append(np.packbits(piece > 0, axis=1))
    return np.concatenate(rows)
