"""A picture that somebody uploaded or drew, made ready for a model: its size, its channels, and what was done to it."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps

from vae_core.errors import DataError
from vae_core.types import Array

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
MAX_PIXELS = 25_000_000
LUMA = np.array([0.299, 0.587, 0.114])
"""Rec. ITU-R BT.601, sec. 2.5.1: what red, green and blue add to the brightness."""
DEEP_MODES = ("I", "F")
UNREADABLE = (
    OSError,  # PIL.UnidentifiedImageError is one
    ValueError,
    SyntaxError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    EOFError,
    MemoryError,
    OverflowError,
    ZeroDivisionError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for damaged files."""
BOX, STROKE = 20 / 28, 16
_WARNINGS_LOCK = threading.Lock()


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture that fits a model.

    Attributes:
        image: (C, H, W) uint8.
        notes: what was done to it, a sentence each; empty where it fitted as it was.
    """

    image: Array
    notes: list[str]


def prepare(content: bytes, image_shape: tuple[int, int, int], *, invert: bool = False) -> Prepared:
    """Reads a PNG, JPEG, GIF, WebP, BMP or TIFF and fits it to a model.

    In this order: turned as its EXIF data says, 16 bits scaled to 8, transparency laid on black, scaled (antialiased)
    into the frame with black at the sides, grey repeated for a colour model, colour made luma for a grey one. An inverted
    picture has its transparency laid on white, and light and dark swapped before it gets its black sides.

    Args:
        content: the whole file.
        image_shape: (channels, height, width) of the model's images; channels 1 or 3.
        invert: swaps light and dark, such as for black ink on white paper where a model knows white on black.

    Raises:
        DataError: it is no such picture, is damaged, or has more than 25 million pixels, which its header tells before
            anything is unpacked.
    """
    # Pillow warns of odd files, and a person has nothing from that; the filters are one for all threads.
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notes: list[str] = []
        picture = _unpacked(content, notes, "white" if invert else "black")
    if invert:
        notes.append("Its light and dark were swapped.")
        picture = ImageOps.invert(picture)
    channels, height, width = image_shape
    framed = _framed(picture, width, height, notes)
    return Prepared(_channels(framed, channels, notes), notes)


def centred(grey: Array) -> Array:
    """A drawing as the digits of MNIST are: its strokes fitted into 20/28 of the frame, their centre of mass at
    the frame's middle (pixel 14 of 28).

    LeCun et al. 1998, "Gradient-based learning applied to document recognition", sec. III-A.

    Args:
        grey: (H, W) uint8, white on black.

    Returns:
        (H, W) uint8; the same where nothing is drawn.
    """
    height, width = grey.shape
    rows, columns = np.nonzero(grey > STROKE)
    if len(rows) == 0:
        return grey
    stroke = Image.fromarray(grey[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    share = BOX * min(height / stroke.height, width / stroke.width)
    size = (max(1, round(stroke.width * share)), max(1, round(stroke.height * share)))
    fitted: Array = np.asarray(stroke.resize(size, Image.Resampling.LANCZOS))
    mass = fitted.astype(np.float64)
    middle = [float((np.arange(n) * mass.sum(axis=1 - axis)).sum() / mass.sum()) for axis, n in enumerate(fitted.shape)]
    top, left = (
        int(np.clip(round(whole / 2 - centre), 0, whole - part))
        for whole, part, centre in zip(grey.shape, fitted.shape, middle, strict=True)
    )
    frame = np.zeros_like(grey)
    frame[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return frame


def _unpacked(content: bytes, notes: list[str], ground: str) -> Image.Image:
    """The picture in RGB, upright and opaque, on a ground of that colour."""
    too_large = f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller and try again."
    opened = False
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as file:
            opened = True
            if file.width * file.height > MAX_PIXELS:
                raise DataError(too_large)
            if getattr(file, "is_animated", False):
                notes.append("Of several pictures in the file the first was taken.")
            file.load()
            return _opaque(_eight_bit(_upright(file, notes), notes), notes, ground)
    except Image.DecompressionBombError as error:
        raise DataError(too_large) from error
    except UNREADABLE as error:
        if opened:
            raise DataError("The picture is damaged or of a rare kind; save it as PNG and try again.") from error
        raise DataError("This is no picture; give a PNG, JPEG, GIF, WebP, BMP or TIFF file.") from error


def _upright(picture: Image.Image, notes: list[str]) -> Image.Image:
    if picture.getexif().get(ExifTags.Base.Orientation, 1) not in range(2, 9):
        return picture
    notes.append("It was turned as its EXIF data says.")
    return ImageOps.exif_transpose(picture)


def _eight_bit(picture: Image.Image, notes: list[str]) -> Image.Image:
    if picture.mode.startswith("I;16"):
        notes.append("Its 16 bits a pixel were scaled to 8.")
        return Image.fromarray(np.rint(np.asarray(picture) / np.float32(257)).astype(np.uint8))
    if picture.mode in DEEP_MODES:
        notes.append("Its 32 bits a pixel were scaled to 8, its darkest value to black and its brightest to white.")
        values = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0.0, neginf=0.0)
        values -= values.min()
        return Image.fromarray(np.rint(values * (255 / max(values.max(), 1e-300))).astype(np.uint8))
    return picture


def _opaque(picture: Image.Image, notes: list[str], ground: str) -> Image.Image:
    if not picture.has_transparency_data and picture.mode not in ("RGBa", "La"):
        return picture.convert("RGB")
    whole = picture.convert("RGBA")
    lowest, _ = whole.getchannel("A").getextrema()
    if lowest == 255:
        return whole.convert("RGB")
    notes.append(f"Its transparent parts lie on {ground}.")
    return Image.alpha_composite(Image.new("RGBA", whole.size, ground), whole).convert("RGB")


def _framed(picture: Image.Image, width: int, height: int, notes: list[str]) -> Array:
    """The picture as large as fits, in the middle of black: (height, width, 3) uint8."""
    if picture.size == (width, height):
        return np.array(picture)
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    bars = "" if size == (width, height) else f", with black around it to {width} x {height}"
    notes.append(f"It was scaled from {picture.width} x {picture.height} to {size[0]} x {size[1]} pixels{bars}.")
    frame = Image.new("RGB", (width, height))
    # bilinear is a triangle filter here, antialiased, and unlike the sharper ones never overshoots
    small = picture if size == picture.size else picture.resize(size, Image.Resampling.BILINEAR)
    frame.paste(small, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.array(frame)


def _channels(pixels: Array, channels: int, notes: list[str]) -> Array:
    """From (H, W, 3) to (channels, H, W), uint8."""
    grey = bool((pixels == pixels[:, :, :1]).all())
    if channels == 3:
        if grey:
            notes.append("Its grey was repeated in all three colours.")
        colours: Array = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        return colours
    if not grey:
        notes.append("Its colours became shades of grey (luma, Rec. 601).")
    luma: Array = np.rint(pixels @ LUMA).astype(np.uint8)[None]
    return luma
