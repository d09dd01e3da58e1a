"""The marks used in watermarks: texts and signs of many sizes and angles, drawn once with Pillow."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

TEXTS = ("COPY", "PROOF", "DRAFT", "LAB", "DEMO", "(c)", "TEST", "STOCK", "NO", "VOID")
SIGNS = ("ring", "cross", "frame", "bars")
MOST, FEWEST, MOST_BYTES = 240, 16, 32_000_000


@lru_cache(maxsize=4)
def marks(height: int, width: int) -> Tensor:
    """Returns a bank of marks for images of this size; the same at each call.

    Returns:
        `uint8`, (marks, 2 height, 2 width): how much of each pixel the mark covers, 0 to 255, with the mark in the centre.
    """
    count = max(FEWEST, min(MOST, MOST_BYTES // (4 * height * width)))
    draw = np.random.RandomState(0)  # the only generator that NumPy guarantees never to change
    return torch.from_numpy(np.stack([_mark(number, height, width, draw) for number in range(count)]))


def _mark(number: int, height: int, width: int, draw: np.random.RandomState) -> np.ndarray:
    canvas = Image.new("L", (2 * width, 2 * height))
    size = float(draw.uniform(0.2, 0.6)) * min(height, width)
    if number % 2:
        _sign(ImageDraw.Draw(canvas), SIGNS[number // 2 % len(SIGNS)], (width, height), size)
    else:
        font = ImageFont.load_default(max(4.0, size))
        ImageDraw.Draw(canvas).text((width, height), TEXTS[number // 2 % len(TEXTS)], 255, font, anchor="mm")
    return np.asarray(canvas.rotate(float(draw.uniform(-40, 40)), Image.Resampling.BILINEAR))


def _sign(draw: ImageDraw.ImageDraw, kind: str, middle: tuple[int, int], size: float) -> None:
    """Draws a sign of about this size, centred at `middle`."""
    x, y = middle
    line = max(1, round(size / 6))
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    left, top, right, bottom = box
    if kind == "ring":
        draw.ellipse(box, outline=255, width=line)
    elif kind == "frame":
        draw.rectangle(box, outline=255, width=line)
    elif kind == "cross":
        draw.line((left, top, right, bottom), 255, line)
        draw.line((left, bottom, right, top), 255, line)
    else:
        for height in np.linspace(top, bottom, 3):
            draw.line((left - size / 2, float(height), right + size / 2, float(height)), 255, line)
