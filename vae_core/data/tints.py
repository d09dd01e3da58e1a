"""Grey images in colour, for models that put the colours back.

The hue of an image depends on three things: its class; something that can be seen within the class (how a digit slants,
how bright a piece of clothing is); and a random part that nobody can know. Two classes are ambiguous: a coin decides
between a hue and its opposite. All colours are equally light, so that grey tells nothing of the hue. Integers and exact
fractions make the same bytes on every machine.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vae_core.data.pictures import LUMA
from vae_core.types import Array

Visible = Literal["slant", "brightness"]
AMBIGUOUS = (4, 7)
"""The classes whose hue a coin turns round."""
CLASS_DEGREES, VISIBLE_DEGREES, RANDOM_DEGREES = 36, 100, 15
"""Between classes; to either side by what can be seen; to either side at random."""
LIGHTNESS, CHROMA = 128, 110
"""Luma and strength of the tint that white takes, of 255."""


def tinted(images: Array, labels: Array, visible: Visible, seed: int) -> Array:
    """Grey images in colour.

    Args:
        images: `uint8`, (N, 1, H, W).
        labels: `int64`, (N,), 0 to 9.
        visible: what the hue depends on within a class.
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
    """The hue of each image in whole degrees, (N,) int64, 0 to 359; arguments as for `tinted`."""
    draw = np.random.RandomState(seed)  # the one generator that numpy promises never to change
    chance = draw.randint(-RANDOM_DEGREES, RANDOM_DEGREES + 1, len(images))
    coin = draw.randint(0, 2, len(images))
    seen = _slants(images[:, 0]) if visible == "slant" else _brightnesses(images[:, 0])
    turned = np.where(np.isin(labels, AMBIGUOUS), 180 * coin, 0)
    whole: Array = (labels * CLASS_DEGREES + np.rint(seen * VISIBLE_DEGREES).astype(np.int64) + chance + turned) % 360
    return whole


def palette() -> Array:
    """The tint of each hue, (360, 3) uint8, all of the same luma (Rec. 601) but for rounding."""
    red, green, _ = LUMA
    across = np.array([green, -red, 0.0])
    up = np.cross(LUMA, across)
    angle = np.deg2rad(np.arange(360))[:, None]
    around = np.cos(angle) * across / np.linalg.norm(across) + np.sin(angle) * up / np.linalg.norm(up)
    tints: Array = np.rint(LIGHTNESS + CHROMA * around).astype(np.uint8)
    return tints


def _slants(images: Array) -> Array:
    """How far strokes lean, (N,) float64 in -1 to 1: the shear by the second moments, 1 at about 35 degrees."""
    values = images.astype(np.int64)
    rows, columns = np.arange(images.shape[1]), np.arange(images.shape[2])
    mass = np.maximum(values.sum(axis=(1, 2)), 1)
    down, across = (values.sum(axis=2) * rows).sum(axis=1), (values.sum(axis=1) * columns).sum(axis=1)
    both = ((values * rows[:, None]).sum(axis=1) * columns).sum(axis=1)
    square = (values.sum(axis=2) * rows**2).sum(axis=1)
    spread = np.maximum(square * mass - down**2, 1)
    slant: Array = np.clip((both * mass - down * across) / (-0.7 * spread), -1, 1)
    return slant


def _brightnesses(images: Array) -> Array:
    """How bright an image is where it is not black, (N,) float64 in -1 (grey 70) to 1 (grey 220)."""
    values = images.astype(np.int64)
    lit = np.maximum((images > 0).sum(axis=(1, 2)), 1)
    bright: Array = np.clip((values.sum(axis=(1, 2)) / lit - 145) / 75, -1, 1)
    return bright
