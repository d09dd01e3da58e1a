"""Many small images as one picture: one sprite sheet is faster on a page than many pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from vae_core.errors import DataError
from vae_core.types import Array

GAP_GREY = 128
QUICK: dict[str, Any] = {"compress_level": 1}
SMALL: dict[str, Any] = {"optimize": True}


def mosaic(images: Array, columns: int, gap: int = 1, scale: int = 1) -> Image.Image:
    """Images in reading order, with a grey gap between them; pixels stay crisp.

    Args:
        images: (N, C, H, W) uint8 with C of 1 or 3; N at least 1.
        columns: images a line, at least 1; never more lines or columns than there are images.
        gap: pixels between neighbours, before scaling.
        scale: screen pixels an image pixel, at least 1.

    Raises:
        DataError: the images have another shape or type.
    """
    if images.ndim != 4 or images.dtype != np.uint8 or images.shape[1] not in (1, 3) or not len(images):
        raise DataError(f"A grid needs uint8 images (N, 1 or 3, H, W), not {images.dtype} of shape {images.shape}.")
    count, channels, height, width = images.shape
    columns = max(1, min(columns, count))
    lines = -(-count // columns)
    sheet = np.full((lines * (height + gap) - gap, columns * (width + gap) - gap, channels), GAP_GREY, dtype=np.uint8)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    picture = Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def png_bytes(image: Image.Image, *, quick: bool = False) -> bytes:
    """The picture as a PNG file's content; a `quick` one, for the page, is packed sooner and somewhat larger."""
    content = io.BytesIO()
    image.save(content, format="PNG", **(QUICK if quick else SMALL))
    return content.getvalue()
