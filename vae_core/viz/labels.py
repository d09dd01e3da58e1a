"""Grids of images with a label above each, as the frames of an animation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vae_core.errors import DataError
from vae_core.types import Array

TEXT, PAPER, INK = 13, 255, 40
BAR, GAP = 20, 8
"""Height of a label and gap between cells, in pixels."""


def labelled_grid(images: Array, labels: Sequence[str], columns: int, scale: int) -> Image.Image:
    """Arranges images in reading order on white, each below its label; pixels stay sharp.

    Args:
        images: (N, C, H, W) uint8, C 1 or 3, N at least 1.
        labels: N labels. A cell is as wide as the image or the widest label, whichever is wider.
        columns: images per row, at least 1.
        scale: pixels of the picture per pixel of an image and side, at least 1.

    Raises:
        DataError: there are no images, or not as many labels as images.
    """
    count, channels, height, width = images.shape
    if len(labels) != count or not count:
        raise DataError(f"A grid needs at least one image, and one label per image; got {count} and {len(labels)}.")
    columns = max(1, min(columns, count))
    wide = max(width * scale, *(round(_font().getlength(label)) + 1 for label in labels))
    high = height * scale + BAR
    mode = "L" if channels == 1 else "RGB"
    size = columns * (wide + GAP) + GAP, -(-count // columns) * (high + GAP) + GAP
    sheet = Image.new(mode, size, PAPER if channels == 1 else (PAPER,) * 3)
    pen = ImageDraw.Draw(sheet)
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        left, top = GAP + index % columns * (wide + GAP), GAP + index // columns * (high + GAP)
        pen.text((left, top), label, fill=INK if channels == 1 else (INK,) * 3, font=_font())
        pixels = Image.fromarray(np.ascontiguousarray(image[0] if channels == 1 else image.transpose(1, 2, 0)))
        sheet.paste(pixels.resize((width * scale, height * scale), Image.Resampling.NEAREST), (left, top + BAR))
    return sheet


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(TEXT)
