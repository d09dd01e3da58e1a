"""Directions in latent space: what sets one group of images apart from another, to be added to any code."""

from __future__ import annotations

import numpy as np

from vae_core.errors import DataError
from vae_core.types import Array


def direction(mean: Array, of: Array, minus: Array | None = None) -> Array:
    """The mean code of one group of images minus that of another.

    Larsen et al. 2016, "Autoencoding beyond pixels using a learned similarity metric", sec. 4.2 (visual attribute
    vectors). `labels == 5` is a group; so are the rows of clicked images.

    Args:
        mean: (N, L), posterior means.
        of: (N,) bool, or indices of rows.
        minus: the same of the other group; left out, all images that are not in the first.

    Returns:
        (L,) float32.

    Raises:
        DataError: a group has no image.
    """
    first = _members(of, len(mean))
    second = ~first if minus is None else _members(minus, len(mean))
    if not first.any() or not second.any():
        raise DataError("A direction needs at least one image on each side; choose some.")
    codes = mean.astype(np.float64)
    difference: Array = (codes[first].mean(axis=0) - codes[second].mean(axis=0)).astype(np.float32)
    return difference


def apply(z: Array, towards: Array, strength: float) -> Array:
    """z + strength * towards, float32 of z's shape, (L,) or (N, L); a negative strength takes away."""
    moved: Array = (z + strength * towards).astype(np.float32)
    return moved


def _members(group: Array, count: int) -> Array:
    """As (N,) bool."""
    chosen: Array = np.zeros(count, dtype=bool)
    chosen[np.asarray(group, dtype=bool if np.asarray(group).dtype == bool else np.int64)] = True
    return chosen
