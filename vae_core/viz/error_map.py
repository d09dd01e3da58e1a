"""Maps of the error of restored images, all on one scale from black (no error) to pale yellow (the whole pixel range).

The lightness of the colours increases steadily, so that the maps can be read without colour too.
"""

from __future__ import annotations

import numpy as np
from PIL import ImageColor

from vae_core.errors import DataError
from vae_core.types import Array

RAMP = ("#0b0b16", "#451b6e", "#a2336f", "#ea6a41", "#fabb5c", "#fffbd8")
"""The colours of the errors 0, 0.2, ..., 1."""
_STOPS = np.array([ImageColor.getrgb(colour)[:3] for colour in RAMP], dtype=np.float64)


def error_map(images: Array, clean: Array) -> Array:
    """|image - clean|, averaged over the channels, in the colours of `RAMP`.

    Args:
        images, clean: (N, C, H, W) uint8, of the same shape.

    Returns:
        (N, 3, H, W) uint8.

    Raises:
        DataError: the shapes differ.
    """
    if images.shape != clean.shape:
        raise DataError(f"An error map needs images of the same shape, not {images.shape} and {clean.shape}.")
    error = np.abs(images.astype(np.float64) - clean).mean(axis=1) / 255
    shares = np.linspace(0, 1, len(_STOPS))
    coloured = np.stack([np.interp(error, shares, stop) for stop in _STOPS.T], axis=1)
    pixels: Array = np.rint(coloured).astype(np.uint8)
    return pixels


def ramp_css() -> str:
    """The ramp as a CSS gradient, for a legend."""
    return f"linear-gradient(to right, {', '.join(RAMP)})"
