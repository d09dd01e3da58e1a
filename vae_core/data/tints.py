"""Tints grey images, for models that learn to restore the colours.

The hue of an image depends on its class, on a property visible within the class (the slant of a digit, the brightness of
a piece of clothing), and on a random part that cannot be predicted. Two classes are ambiguous: a coin toss decides between
a hue and its opposite. All tints have the same luma, so that grey values reveal nothing about the hue. Integers and exact
fractions give the same bytes on every machine.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vae_core.data.pictures import LUMA
from vae_core.types import Array

Visible = Literal["slant", "brightness"]
AMBIGUOUS = (4, 7)
"""The classes whose hue is inverted by the toss of a coin."""
CLASS_DEGREES, VISIBLE_DEGREES, RANDOM_DEGREES = 36, 100, 15
"""Hue between neighbouring classes; to either side by the visible property; to either side at random."""
LIGHTNESS, CHROMA = 128, 110
"""Luma and chroma of the tint of white, of 255."""


def tinted(images: Array, labels: Array, visible: Visible, seed: int) -> Array:
    """Tints grey images.

    Args:
        images: `uint8`, (N, 1, H, W).
        labels: `int64`, (N,), 0 to 9.
        visible: the property that determines the hue within a class.
        seed: of the random part.

    Returns:
        `uint8`, (N, 3, H, W): the grey value times the tint, so black stays black.
    """
    tints = palette()[hues(images, labels, visible, seed)]
    grey = images.astype(np.uint16)
    coloured = np.empty((len(grey), 3, *grey.shape[2:]), dtype=np.uint8)
    for channel in range(3):
        coloured[:, channel] = (grey[:, 0] * tints[:, channel, None, None].astype(np.uint16) + 127) // 255
    return coloured


def hues(images: Array, labels: Array, visible: Visible, seed: int) -> Array:
    """Returns the hue of each image in whole degrees, (N,) int64, 0 to 359; arguments as for `tinted`."""
    draw = np.random.RandomState(seed)  # the only generator that NumPy guarantees never to change
    chance = draw.randint(-RANDOM_DEGREES, RANDOM_DEGREES + 1, len(images))
    coin = draw.randint(0, 2, len(images))
    visible_share = _slants(images[:, 0]) if visible == "slant" else _brightnesses(images[:, 0])
    turned = np.where(np.isin(labels, AMBIGUOUS), 180 * coin, 0)
    whole: Array = (
        labels * CLASS_DEGREES + np.rint(visible_share * VISIBLE_DEGREES).astype(np.int64) + chance + turned
    ) % 360
    return whole


def palette() -> Array:
    """Returns the tint of each hue, (360, 3) uint8, all of the same luma (Rec. 601) up to rounding."""
    red, green, _ = LUMA
    across = np.array([green, -red, 0.0])
    up = np.cross(LUMA, across)
    angle = np.deg2rad(np.arange(360))[:, None]
    around = np.cos(angle) * across / np.linalg.norm(across) + np.sin(angle) * up / np.linalg.norm(up)
    tints: Array = np.rint(LIGHTNESS + CHROMA * around).astype(np.uint8)
    return tints


def _slants(images: Array) -> Array:
    """Returns how much strokes slant, (N,) float64 in -1 to 1: the shear from second moments, 1 at about 35 degrees."""
    values = images.astype(np.int64)
    rows, columns = np.arange(images.shape[1]), np.arange(images.shape[2])
    mass = np.maximum(values.sum(axis=(1, 2)), 1)
    down, across = (values.sum(axis=2) * rows).sum(axis=1), (values.sum(axis=1) * columns).sum(axis=1)
    both = ((values * rows[:, None]).sum(axis=1) * columns).sum(axis=1)
    square = (values.sum(axis=2) * rows**2).sum(axis=1)
    variance = np.maximum(square * mass - down**2, 1)
    slant: Array = np.clip((both * mass - down * across) / (-0.7 * variance), -1, 1)
    return slant


def _brightnesses(images: Array) -> Array:
    """Returns the mean brightness of non-black pixels, (N,) float64 in -1 (grey 70) to 1 (grey 220)."""
    values = images.astype(np.int64)
    lit = np.maximum((images > 0).sum(axis=(1, 2)), 1)
    bright: Array = np.clip((values.sum(axis=(1, 2)) / lit - 145) / 75, -1, 1)
    return bright
