"""Directions in latent space: the difference between two groups of images, which can be added to any code."""

from __future__ import annotations

import numpy as np

from vae_core.errors import DataError
from vae_core.types import Array


def direction(mean: Array, of: Array, minus: Array | None = None) -> Array:
    """Returns the mean code of one group of images minus that of another.

    Larsen et al. 2016, "Autoencoding beyond pixels using a learned similarity metric", sec. 4.2 (visual attribute
    vectors). A group can be `labels == 5`, for example, or the rows of images that were clicked.

    Args:
        mean: (N, L), posterior means.
        of: the first group, (N,) bool or row indices (n,).
        minus: the second group, likewise; if None, all images that are not in the first.

    Returns:
        (L,) float32.

    Raises:
        DataError: a group is empty.
    """
    first = _members(of, len(mean))
    second = ~first if minus is None else _members(minus, len(mean))
    if not first.any() or not second.any():
        raise DataError("A direction needs at least one image on each side; choose some.")
    codes = mean.astype(np.float64)
    difference: Array = (codes[first].mean(axis=0) - codes[second].mean(axis=0)).astype(np.float32)
    return difference


def apply(z: Array, towards: Array, strength: float) -> Array:
    """Returns z + strength * towards, float32.

    Args:
        z: (L,) or (N, L), codes.
        towards: (L,), a direction.
        strength: negative values subtract the direction.

    Returns:
        The same shape as `z`.
    """
    moved: Array = (z + strength * towards).astype(np.float32)
    return moved


def _members(group: Array, count: int) -> Array:
    """Returns the group as (N,) bool, N = `count`."""
    chosen: Array = np.zeros(count, dtype=bool)
    chosen[np.asarray(group, dtype=bool if np.asarray(group).dtype == bool else np.int64)] = True
    return chosen
