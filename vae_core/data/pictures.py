"""Fits a picture that the user uploaded or drew to a model, in size and channels, and reports what was changed."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps

from vae_core.errors import DataError
from vae_core.types import Array

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
MAX_PIXELS = 25_000_000
LUMA = np.array([0.299, 0.587, 0.114])
"""Rec. ITU-R BT.601, sec. 2.5.1: the contributions of red, green and blue to the luma."""
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
        notes: the changes made to it, one sentence each; empty if it fitted unchanged.
    """

    image: Array
    notes: list[str]


def prepare(content: bytes, image_shape: tuple[int, int, int], *, invert: bool = False) -> Prepared:
    """Reads a PNG, JPEG, GIF, WebP, BMP or TIFF and fits it to a model.

    In this order: it is rotated according to its EXIF data, 16 bits are scaled to 8, transparency is composited on black,
    the picture is scaled (antialiased) into the frame and padded with black, and then grey is repeated for a colour model
    or colour converted to luma for a grey one. To invert a picture, its transparency is composited on white, and light and
    dark are swapped before padding.

    Args:
        content: the whole file.
        image_shape: (channels, height, width) of the model's images; channels 1 or 3.
        invert: whether to swap light and dark, as for black ink on white paper if the model expects white on black.

    Raises:
        DataError: it is not such a picture, is damaged, or has more than 25 million pixels, which is checked in its header
            before anything is unpacked.
    """
    with quiet():
        notes: list[str] = []
        picture = _unpacked(content, notes, "white" if invert else "black")
    if invert:
        notes.append("Its light and dark were swapped.")
        picture = ImageOps.invert(picture)
    channels, height, width = image_shape
    framed = _framed(picture, width, height, notes)
    return Prepared(_channels(framed, channels, notes), notes)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences Pillow, whose warnings about unusual files do not help the user; one thread at a time."""
    with _WARNINGS_LOCK, warnings.catch_warnings():  # warning filters are shared by all threads
        warnings.simplefilter("ignore")
        yield


def centred(grey: Array) -> Array:
    """Centres a drawing like the digits of MNIST: scaled to 20/28 of the frame, its centre of mass at the frame's centre
    (pixel 14 of 28).

    LeCun et al. 1998, "Gradient-based learning applied to document recognition", sec. III-A.

    Args:
        grey: (H, W) uint8, white on black.

    Returns:
        (H, W) uint8; unchanged if nothing is drawn.
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
    """Returns the picture in RGB, upright and opaque, on a background of that colour."""
    too_large = f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller and try again."
    opened = False
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as file:
            opened = True
            if file.width * file.height > MAX_PIXELS:
                raise DataError(too_large)
            if getattr(file, "is_animated", False):
                notes.append("The file has several pictures; the first was used.")
            file.load()
            return opaque(_eight_bit(upright(file, notes), notes), notes, ground)
    except Image.DecompressionBombError as error:
        raise DataError(too_large) from error
    except UNREADABLE as error:
        if opened:
            raise DataError("The picture is damaged or of an unusual kind; save it as PNG and try again.") from error
        raise DataError("This is not a picture; use a PNG, JPEG, GIF, WebP, BMP or TIFF file.") from error


def upright(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Returns the picture rotated according to its EXIF data, and notes that."""
    if picture.getexif().get(ExifTags.Base.Orientation, 1) not in range(2, 9):
        return picture
    notes.append("It was rotated according to its EXIF data.")
    return ImageOps.exif_transpose(picture)


def _eight_bit(picture: Image.Image, notes: list[str]) -> Image.Image:
    if picture.mode.startswith("I;16"):
        notes.append("Its 16 bits per pixel were scaled to 8.")
        return Image.fromarray(np.rint(np.asarray(picture) / np.float32(257)).astype(np.uint8))
    if picture.mode in DEEP_MODES:
        notes.append("Its 32 bits per pixel were scaled to 8, from its darkest value (black) to its brightest (white).")
        values = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0.0, neginf=0.0)
        values -= values.min()
        return Image.fromarray(np.rint(values * (255 / max(values.max(), 1e-300))).astype(np.uint8))
    return picture


def opaque(picture: Image.Image, notes: list[str], ground: str) -> Image.Image:
    """Returns the picture in RGB, its transparency composited on a background of the colour `ground`, and notes that."""
    if not picture.has_transparency_data and picture.mode not in ("RGBa", "La"):
        return picture.convert("RGB")
    whole = picture.convert("RGBA")
    lowest, _ = whole.getchannel("A").getextrema()
    if lowest == 255:
        return whole.convert("RGB")
    notes.append(f"Its transparent parts became {ground}.")
    return Image.alpha_composite(Image.new("RGBA", whole.size, ground), whole).convert("RGB")


def _framed(picture: Image.Image, width: int, height: int, notes: list[str]) -> Array:
    """Scales the picture to the largest size that fits, centred on black: (height, width, 3) uint8."""
    if picture.size == (width, height):
        return np.array(picture)
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    bars = "" if size == (width, height) else f" and padded with black to {width} x {height}"
    notes.append(f"It was scaled from {picture.width} x {picture.height} to {size[0]} x {size[1]} pixels{bars}.")
    frame = Image.new("RGB", (width, height))
    # Pillow's bilinear filter is an antialiased triangle filter and, unlike sharper ones, never overshoots
    small = picture if size == picture.size else picture.resize(size, Image.Resampling.BILINEAR)
    frame.paste(small, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.array(frame)


def _channels(pixels: Array, channels: int, notes: list[str]) -> Array:
    """Converts (H, W, 3) to (channels, H, W), uint8."""
    grey = bool((pixels == pixels[:, :, :1]).all())
    if channels == 3:
        if grey:
            notes.append("Its grey values were repeated in all three colour channels.")
        colours: Array = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        return colours
    if not grey:
        notes.append("Its colours were converted to shades of grey (luma, Rec. 601).")
    luma: Array = np.rint(pixels @ LUMA).astype(np.uint8)[None]
    return luma
