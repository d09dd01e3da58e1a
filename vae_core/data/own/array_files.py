"""Arrays of pictures: `.npy`, `.npz` and IDX files, the latter also as `.gz`. Python objects in them are never read."""

from __future__ import annotations

import gzip
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

import numpy as np

from vae_core.data.own.found import MAX_PICTURES, Content, Entry, Found, Missing, Split, fingerprint
from vae_core.errors import DataError
from vae_core.storage.arrays import NOT_A_BUNDLE
from vae_core.types import Array

MAX_SIDE = 20_000
IDX_IMAGES, IDX_LABELS = b"\x00\x00\x08\x03", b"\x00\x00\x08\x01"
IDX_NAME = re.compile(r"images[-._]idx3[-._]ubyte(\.gz)?$", re.IGNORECASE)
CUT_SHORT = Missing("The file ends before this picture.")
OBJECTS = "holds Python objects, which are never read; save it as numbers"


class Stack(NamedTuple):
    """An array of pictures.

    Attributes:
        name: what it is called.
        shape: (N, H, W) or (N, H, W, C), after `moved`.
        labels: names of the classes, (N,); empty if they are not known.
        split: the part of the dataset that it is meant for.
        pictures: yields (H, W) or (H, W, C) from a given one on; ends early if the file is cut short.
    """

    name: str
    shape: tuple[int, ...]
    labels: list[str]
    split: Split
    pictures: Callable[[int], Iterator[Array]]


def open_npy(path: Path) -> Found:
    """Opens one array of pictures, memory-mapped.

    Raises:
        DataError: it is damaged, or not an array of pictures; the message says which shapes are.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except NOT_A_BUNDLE as error:
        raise DataError(f"{path.name!r} is damaged or {OBJECTS}.") from error
    channels = _check_pictures(array.shape, array.dtype, path.name)
    stack = Stack("", _moved_shape(array.shape, channels), [], "", lambda start: _slices(array, channels, start))
    return _found(path, "array", [stack], [path], is_streamed=False)


def open_npz(path: Path) -> Found:
    """Opens the arrays of pictures in an npz, with the labels and splits that the names and lengths of the others tell.

    Raises:
        DataError: it is damaged, or holds no array of pictures.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            headers = {}
            for member in archive.namelist():
                with archive.open(member, mode="r") as stream:
                    headers[member.removesuffix(".npy")] = _header(stream)
    except NOT_A_BUNDLE as error:
        raise DataError(f"{path.name!r} is damaged or not an npz; save it again with numpy.savez.") from error
    pictures = {name: head for name, head in headers.items() if len(head.shape) in (3, 4)}
    if not pictures:
        held = ", ".join(f"{name} {_sizes(head.shape)}" for name, head in list(headers.items())[:8]) or "nothing"
        raise DataError(f"{path.name!r} holds no array of pictures, such as N x H x W; it holds {held}.")
    stacks = []
    for name, head in pictures.items():
        channels = _check_pictures(head.shape, head.dtype, f"{path.name}: {name}")
        if head.by_columns:
            raise DataError(
                f"In {path.name!r} the array {name!r} is in Fortran order; save numpy.ascontiguousarray of it."
            )
        split: Split = _split_of(name) if len(pictures) > 1 else ""
        labels = _npz_labels(path, headers, name, head.shape[0], len(pictures) > 1)
        stacks.append(
            Stack(name, _moved_shape(head.shape, channels), labels, split, _member_pictures(path, name, channels))
        )
    return _found(path, "file of arrays", stacks, [path], is_streamed=True)


def open_idx(files: list[Path], path: Path) -> Found:
    """Opens IDX files of pictures, each with the file of its labels beside it if there is one.

    Raises:
        DataError: one is damaged.
    """
    stacks, used = [], []
    for file in files:
        with _idx_stream(file) as stream:
            shape = _idx_header(stream, file)
        place = _idx_labels_path(file)
        labels = [] if place is None else _idx_labels(place, shape[0])
        used += [file] if place is None else [file, place]
        split: Split = "" if len(files) == 1 else _split_of(file.name)
        stacks.append(Stack(file.name, shape, labels, split, _idx_pictures(file)))
    return _found(path, "IDX files", stacks, used, is_streamed=True)


def is_idx(path: Path) -> bool:
    """Returns whether a file is an IDX file of pictures."""
    try:
        with _idx_stream(path) as stream:
            return stream.read(4) == IDX_IMAGES
    except (OSError, EOFError, zlib.error):
        return False


def _found(path: Path, kind: str, stacks: list[Stack], used: list[Path], *, is_streamed: bool) -> Found:
    total = sum(stack.shape[0] for stack in stacks)
    if total > MAX_PICTURES:
        raise DataError(f"{path.name!r} holds {total:,} pictures; the most is {MAX_PICTURES:,}.")
    entries = [
        Entry(", ".join(part for part in (stack.name, f"picture {place}") if part), label, stack.split)
        for stack in stacks
        for place, label in enumerate(stack.labels or [""] * stack.shape[0])
    ]

    def contents(start: int) -> Iterator[Content]:
        for stack in stacks:
            if start < stack.shape[0]:
                done = start
                for picture in stack.pictures(start):
                    yield picture
                    done += 1
                yield from (CUT_SHORT for _ in range(done, stack.shape[0]))
            start = max(0, start - stack.shape[0])

    return Found(path, kind, entries, contents, fingerprint(used), is_streamed=is_streamed, is_photos=False)


def _check_pictures(shape: tuple[int, ...], dtype: np.dtype[np.generic], what: str) -> int:
    """Returns the axis of the channels; 0 if there is none.

    Raises:
        DataError: it is no array of pictures.
    """
    if dtype.hasobject:
        raise DataError(f"{what!r} {OBJECTS}.")
    if dtype.kind not in "buif":
        raise DataError(f"{what!r} holds values of type {dtype}; save it as uint8, or as floats from 0 to 1.")
    axis = 0
    if len(shape) == 4:
        axis = 3 if shape[3] in (1, 3, 4) else 1 if shape[1] in (1, 3, 4) else -1
    if len(shape) not in (3, 4) or axis < 0:
        raise DataError(f"{what!r} is {_sizes(shape)}; pictures are N x H x W, N x H x W x C or N x C x H x W.")
    height, width, *_ = _moved_shape(shape, axis)[1:]
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise DataError(f"{what!r} holds pictures of {width} x {height} pixels; a side has 1 to {MAX_SIDE:,}.")
    return axis


def _moved_shape(shape: tuple[int, ...], channels: int) -> tuple[int, ...]:
    return (shape[0], shape[2], shape[3], shape[1]) if channels == 1 else shape


def _slices(array: Array, channels: int, start: int) -> Iterator[Array]:
    for row in array[start:]:
        yield np.ascontiguousarray(np.moveaxis(row, 0, -1) if channels == 1 else row)


class _Head(NamedTuple):
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    by_columns: bool


def _header(stream: IO[bytes]) -> _Head:
    """Reads the header of an array, leaving the stream at its content; ValueError if it is not an array."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(stream)
    return _Head(dtype, shape, by_columns)


def _member_pictures(path: Path, name: str, channels: int) -> Callable[[int], Iterator[Array]]:
    def pictures(start: int) -> Iterator[Array]:
        try:
            with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy", mode="r") as stream:
                head = _header(stream)
                yield from _stream_slices(stream, head.dtype, head.shape[1:], channels, start)
        except NOT_A_BUNDLE:
            return  # the caller reports the pictures that are missing

    return pictures


def _stream_slices(
    stream: IO[bytes], dtype: np.dtype[np.generic], shape: tuple[int, ...], channels: int, start: int
) -> Iterator[Array]:
    """Yields arrays of a shape from a stream, skipping the first ones."""
    size = math.prod(shape) * dtype.itemsize
    for _ in range(start):
        stream.read(size)
    while len(content := stream.read(size)) == size:
        picture = np.frombuffer(content, dtype).reshape(shape)
        yield np.ascontiguousarray(np.moveaxis(picture, 0, -1)) if channels == 1 else picture


def _split_of(name: str) -> Split:
    lower = name.lower()
    if any(part in lower for part in ("test", "t10k")):
        return "test"
    return "train"


def _tag(name: str) -> str:
    """Returns the split in a name, so that an array of pictures finds its labels."""
    return next((tag for tag in ("train", "test", "val", "t10k") if tag in name.lower()), "")


def _npz_labels(path: Path, headers: dict[str, _Head], name: str, count: int, several: bool) -> list[str]:
    fitting = [
        other
        for other, head in headers.items()
        if math.prod(head.shape) == count == (head.shape or (0,))[0]
        and head.dtype.kind in "iubSU"
        and (not several or _tag(other) == _tag(name))
    ]
    if len(fitting) != 1:
        return []
    try:
        with np.load(path, allow_pickle=False) as bundle:
            values = bundle[fitting[0]].reshape(-1)
    except NOT_A_BUNDLE as error:
        raise DataError(f"In {path.name!r} the array {fitting[0]!r} is damaged; save the file again.") from error
    return [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in values.tolist()]


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _idx_stream(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.GzipFile(path)) if packed else path.open("rb")


def _idx_header(stream: IO[bytes], path: Path) -> tuple[int, ...]:
    """Returns (N, H, W), leaving the stream at the first picture."""
    try:
        magic = stream.read(4)
        sizes = [int.from_bytes(stream.read(4), "big") for _ in range(3 if magic == IDX_IMAGES else 0)]
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name!r} is damaged; fetch it again.") from error
    if not sizes:
        raise DataError(f"{path.name!r} is not an IDX file of pictures in bytes.")
    shape = tuple(sizes)
    _check_pictures(shape, np.dtype(np.uint8), path.name)
    return shape


def _idx_pictures(path: Path) -> Callable[[int], Iterator[Array]]:
    def pictures(start: int) -> Iterator[Array]:
        try:
            with _idx_stream(path) as stream:
                shape = _idx_header(stream, path)
                yield from _stream_slices(stream, np.dtype(np.uint8), shape[1:], 0, start)
        except (OSError, EOFError, zlib.error):
            return

    return pictures


def _idx_labels_path(path: Path) -> Path | None:
    name = re.sub("idx3", "idx1", path.name.replace("images", "labels"), flags=re.IGNORECASE)
    places = [path.with_name(name), path.with_name(name.removesuffix(".gz")), path.with_name(f"{name}.gz")]
    return next((place for place in places if place != path and place.is_file()), None)


def _idx_labels(path: Path, count: int) -> list[str]:
    try:
        with _idx_stream(path) as stream:
            content = stream.read(8 + count + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name!r} is damaged; fetch it again.") from error
    if content[:4] != IDX_LABELS or len(content) != 8 + count:
        raise DataError(f"{path.name!r} does not hold a label for each of the {count:,} pictures.")
    return [str(value) for value in content[8:]]
