"""Turns one picture into the array that is stored.

In this order: the first frame of an animation is taken; the picture is rotated according to its EXIF data; 16 bits, 32 bits
and floats are scaled to 8; transparency is composited on the background; palettes, 1-bit, CMYK, YCbCr and Lab become grey
or RGB; and the picture is fitted to a square. JPEG files are decoded at the smallest scale that suffices.
"""

from __future__ import annotations

import hashlib
import io
import signal
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageColor

from vae_core.data.own.found import Content, Member, Missing, TextRow
from vae_core.data.picture_files import MAX_BYTES, check_file, open_zip, read_member
from vae_core.data.pictures import UNREADABLE, opaque, quiet, upright
from vae_core.errors import DataError
from vae_core.types import Array

MAX_PIXELS = 100_000_000
"""Limit for a picture, checked in its header before anything is unpacked: 300 MB in RGB."""
LEFT_OUT = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "IPTC", "XVTHUMB", "PCD"}
"""Formats that Pillow lists but cannot decode by itself, or for which it starts another program."""
FREQUENT = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
REDUCING = 2.0
"""Pictures are first shrunk by whole factors, to no less than this multiple of the target (`Image.resize`)."""
SLACK = 1e-3
"""How far floats may leave their range, as a share of it, as after rounding."""
NOT_A_PICTURE = "It is not a picture."


class Recipe(NamedTuple):
    """How pictures are prepared; `settings.ImportSettings` says what each choice means."""

    size: int
    colour: Literal["auto", "grey", "colour"] = "auto"
    fit: Literal["crop", "pad", "stretch"] = "crop"
    background: str = "#000000"
    range: Literal["type", "data"] = "type"


class Picture(NamedTuple):
    """A prepared picture.

    Attributes:
        image: (1, S, S) uint8 if it is grey, else (3, S, S).
        size: (width, height) of the original.
        mode: of the original, as Pillow names it; for arrays the type of their values.
        notes: what was done to it, a sentence each.
    """

    image: Array
    size: tuple[int, int]
    mode: str
    notes: list[str]


@dataclass(eq=False)
class Batch:
    """Prepared pictures.

    Attributes:
        images: (n, 1, S, S) uint8 if all are grey, else (n, 3, S, S).
        places: of these pictures in the batch that was asked for.
        digests: the SHA-256 of each one's pixels.
        sizes, modes: as in `Picture`.
        rejected: for each of the others its place and the reason.
        notes: how often each note was made.
    """

    images: Array
    places: list[int] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)


@lru_cache(maxsize=1)
def formats() -> tuple[str, ...]:
    """Returns the formats that Pillow can open here, frequent ones first, since they are tried in this order."""
    Image.init()
    found = set(Image.OPEN) - LEFT_OUT
    return tuple(sorted(found, key=lambda name: (FREQUENT.index(name) if name in FREQUENT else len(FREQUENT), name)))


def start_worker() -> None:
    """Leaves Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    formats()


def prepare_batch(contents: Sequence[Content], recipe: Recipe) -> Batch:
    """Prepares pictures, keeping a reason for each that cannot be used; ."""
    made, batch = [], Batch(np.empty(0, np.uint8))
    with quiet():
        for place, content in enumerate(contents):
            try:
                picture = prepare_picture(content, recipe)
            except DataError as error:
                batch.rejected.append((place, str(error)))
                continue
            made.append(picture.image)
            batch.places.append(place)
            batch.digests.append(hashlib.sha256(picture.image.data).hexdigest())
            batch.sizes.append(picture.size)
            batch.modes.append(picture.mode)
            for note in picture.notes:
                batch.notes[note] = batch.notes.get(note, 0) + 1
    channels = max((len(image) for image in made), default=1)
    side = recipe.size
    batch.images = np.empty((len(made), channels, side, side), np.uint8)
    for row, image in zip(batch.images, made, strict=True):
        row[:] = image
    return batch


def prepare_picture(content: Content, recipe: Recipe) -> Picture:
    """Prepares one picture, in a process whose warnings are silenced (`pictures.quiet`).

    Raises:
        DataError: it cannot be read, is no picture, is damaged, too large, or has values out of range.
    """
    notes: list[str] = []
    try:
        if isinstance(content, np.ndarray):
            flat, size, mode = _of_array(content, recipe), content.shape[1::-1], str(content.dtype)
        elif isinstance(content, TextRow):
            values = _parsed(content)
            flat, size, mode = _of_array(values, recipe, content.top), values.shape[1::-1], "text"
        else:
            flat, size, mode = _of_file(_opened(content), recipe, notes)
        return Picture(_channels(_fitted(flat, recipe), recipe), (size[0], size[1]), mode, notes)
    except Image.DecompressionBombError as error:
        raise DataError(_too_large()) from error
    except UNREADABLE as error:
        raise DataError("It is damaged or of an unusual kind.") from error


def header_of(content: Content) -> tuple[tuple[int, int], str]:
    """Returns (width, height) and the mode of a picture without decoding it.

    Raises:
        DataError: it cannot be read, is no picture, or is too large.
    """
    if isinstance(content, np.ndarray):
        return (content.shape[1], content.shape[0]), str(content.dtype)
    if isinstance(content, TextRow):
        return (content.shape[1], content.shape[0]), "text"
    with _opened(content) as file:
        return file.size, file.mode


def _too_large(size: tuple[int, int] | None = None) -> str:
    what = f"{size[0]:,} x {size[1]:,}" if size else "many"
    return f"It has {what} pixels; the most is {MAX_PIXELS // 1_000_000} million, so make it smaller."


def _opened(content: Path | Member | Missing | bytes) -> Image.Image:
    """Opens a picture, reading its header; of a file on the disk not more than that."""
    if isinstance(content, Missing):
        raise DataError(content.reason)
    if isinstance(content, Member):
        content = _member(content)
    size = check_file(content) if isinstance(content, Path) else len(content)
    if not size:
        raise DataError("It is empty.")
    try:
        file = Image.open(content if isinstance(content, Path) else io.BytesIO(content), formats=formats())
    except Image.DecompressionBombError as error:
        raise DataError(_too_large()) from error
    except UNREADABLE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DataError(f"It cannot be read ({error.strerror or error}).") from error
        raise DataError(NOT_A_PICTURE) from error
    pixels = file.width * file.height
    if not 0 < pixels <= MAX_PIXELS:
        file.close()
        raise DataError(_too_large(file.size) if pixels else "It has no pixels.")
    return file


@lru_cache(maxsize=2)
def _archive(path: Path) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    archive = open_zip(path)
    return archive, archive.infolist()


def _member(content: Member) -> bytes:
    archive, members = _archive(content.archive)
    found = read_member(archive, members[content.number], MAX_BYTES)
    if len(found) > MAX_BYTES:
        raise DataError(f"It unpacks to more than {MAX_BYTES // 1_000_000} million bytes.")
    return found


def _of_file(file: Image.Image, recipe: Recipe, notes: list[str]) -> tuple[Image.Image, tuple[int, int], str]:
    """Decodes a picture: in mode L or RGB, upright, opaque and of 8 bits, maybe at a smaller scale."""
    size, mode = file.size, file.mode
    with file:
        if getattr(file, "is_animated", False) and file.format != "MPO":
            notes.append("The file has several pictures; the first was used.")
        width, height = _scaled_size(size, recipe)
        file.draft("L" if recipe.colour == "grey" else "RGB", (int(REDUCING * width), int(REDUCING * height)))
        file.load()
        return _flat(upright(file, notes), recipe, notes, file.format or ""), size, mode


def _flat(picture: Image.Image, recipe: Recipe, notes: list[str], kind: str) -> Image.Image:
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        top = 65_535.0 if picture.mode.startswith("I;16") or kind == "PPM" else 2.0**31 - 1
        picture = Image.fromarray(eight_bits(np.asarray(picture), 1.0 if picture.mode == "F" else top, recipe.range))
        notes.append("Its pixels of more than 8 bits were scaled to 8.")
    if picture.has_transparency_data or picture.mode in ("RGBa", "La"):
        picture = opaque(picture, [], recipe.background)
        notes.append("Its transparency was composited on the background.")
    mode = "L" if recipe.colour == "grey" or picture.mode in ("1", "L") else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)  # which copies even where nothing changes


def eight_bits(values: Array, top: float, values_range: str) -> Array:
    """Scales values of any shape to `uint8`.

    Args:
        values: numbers.
        top: the value of white; black is 0.
        values_range: "type", or "data" for the smallest and the largest of the values instead of 0 and `top`.

    Raises:
        DataError: a value is not finite, or outside 0 to `top`.
    """
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise DataError("It holds values that are not numbers.")
    low, high = float(numbers.min()), float(numbers.max())
    if values_range == "data":
        return np.rint((numbers - low) * (255 / max(high - low, 1e-300))).astype(np.uint8)
    if low < -SLACK * top or high > top * (1 + SLACK):
        raise DataError(f"Its values run from {low:g} to {high:g}, outside 0 to {top:g}; '--range data' scales them.")
    return np.rint(numbers.clip(0, top) * (255 / top)).astype(np.uint8)


def _of_array(values: Array, recipe: Recipe, top: float | None = None) -> Image.Image:
    """Turns (H, W) or (H, W, C), C of 1, 3 or 4, into a picture in mode L or RGB.

    White is 65,535 for `uint16`, 1 for floats and booleans, and 255 for all other integers, unless `top` is given.
    """
    if top is None:
        top = 65_535.0 if values.dtype == np.uint16 else 1.0 if values.dtype.kind in "bf" else 255.0
    if values.dtype != np.uint8:
        values = eight_bits(values, top, recipe.range)
    picture = Image.fromarray(values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values)
    return _flat(picture, recipe, [], "")


def _parsed(row: TextRow) -> Array:
    fields = row.line.split(b",")
    if row.label_column >= 0:
        del fields[row.label_column]
    try:
        return np.array([float(value) for value in fields]).reshape(row.shape)
    except ValueError as error:
        raise DataError("It holds a value that is not a number.") from error


def _scaled_size(size: tuple[int, int], recipe: Recipe) -> tuple[int, int]:
    """Returns the size to which the whole picture is scaled, before it is cut or padded."""
    side = recipe.size
    if recipe.fit == "stretch":
        return side, side
    scale = side / (min(size) if recipe.fit == "crop" else max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _fitted(picture: Image.Image, recipe: Recipe) -> Image.Image:
    """Fits a picture to a square. Pillow's bilinear filter is antialiased and, unlike sharper ones, never overshoots."""
    side = recipe.size
    if picture.size == (side, side):
        return picture
    if recipe.fit == "pad":
        size = _scaled_size(picture.size, recipe)
        small = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=REDUCING)
        ground = ImageColor.getrgb(recipe.background)
        mode = picture.mode
        if mode == "L" and recipe.colour != "grey" and len(set(ground)) > 1:
            mode, small = "RGB", small.convert("RGB")
        frame = Image.new(mode, (side, side), ImageColor.getcolor(recipe.background, mode))
        frame.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
        return frame
    box = (0.0, 0.0, float(picture.width), float(picture.height))
    if recipe.fit == "crop":
        edge = float(min(picture.size))
        left, top = (picture.width - edge) / 2, (picture.height - edge) / 2
        box = (left, top, left + edge, top + edge)
    return picture.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=REDUCING)


def _channels(picture: Image.Image, recipe: Recipe) -> Array:
    """Returns (1, S, S) if the picture is grey, else (3, S, S), uint8."""
    pixels = np.asarray(picture.convert("RGB") if recipe.colour == "colour" and picture.mode == "L" else picture)
    if pixels.ndim == 2:
        return pixels[None]
    if (
        recipe.colour == "auto"
        and (pixels[..., 0] == pixels[..., 1]).all()
        and (pixels[..., 1] == pixels[..., 2]).all()
    ):
        return np.ascontiguousarray(pixels[None, ..., 0])
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
