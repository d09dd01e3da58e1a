"""Many small images in one picture: a page shows one sprite sheet faster than many pictures."""

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
    """Arranges images in reading order, separated by grey gaps; pixels stay sharp.

    Args:
        images: (N, C, H, W) uint8, C 1 or 3, N at least 1.
        columns: images per row, at least 1; cut to N.
        gap: pixels between neighbours, before scaling.
        scale: pixels of the picture per pixel of an image and side, at least 1.

    Raises:
        DataError: the images have the wrong shape or type.
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
    """The picture as the content of a PNG file; `quick` compresses faster and less, for pictures on a page."""
    content = io.BytesIO()
    image.save(content, format="PNG", **(QUICK if quick else SMALL))
    return content.getvalue()
