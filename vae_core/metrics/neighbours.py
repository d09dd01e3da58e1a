"""Who is near whom: in pixels, in a code, and how far decoded pictures lie from real images."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from vae_core.errors import DataError
from vae_core.types import Array


def nearest_others(rows: Array, k: int) -> Array:
    """The k nearest other rows of each row by Euclidean distance, the nearest first: (N, k) int64 indices.

    Args:
        rows: (N, D), N above k.
        k: at least 1.

    Raises:
        DataError: there are not more rows than k.
    """
    if not 1 <= k < len(rows):
        raise DataError(f"The {k} nearest neighbours need k of at least 1 and more than k images, not {len(rows)}.")
    found: Array = _fitted(rows, k).kneighbors(return_distance=False).astype(np.int64)
    return found


def distance_to_nearest(pictures: Array, images: Array) -> Array:
    """How far each picture is from the nearest image: (N,) float64, root mean squared difference per pixel, 0 to 1.

    Args:
        pictures: (N, C, H, W) uint8, such as decoded random draws.
        images: (M, C, H, W) uint8, real ones; M at least 1.

    Raises:
        DataError: there is no picture or no image, or they differ in size.
    """
    if not len(pictures) or not len(images) or pictures.shape[1:] != images.shape[1:]:
        raise DataError(
            f"Pictures {pictures.shape} and images {images.shape} must be of one size, at least one of each."
        )
    width = pictures[0].size
    found = _fitted(_flat(images), 1).kneighbors(_flat(pictures))[0][:, 0]
    distance: Array = found.astype(np.float64) / (255.0 * np.sqrt(width))
    return distance


def share_label(neighbours: Array, labels: Array) -> Array:
    """The share of each image's neighbours (N, k) that have its label, (N,) in [0, 1]."""
    same: Array = (labels[neighbours] == labels[:, None]).mean(axis=1)
    return same


def _flat(images: Array) -> Array:
    rows: Array = images.reshape(len(images), -1).astype(np.float32)
    return rows


def _fitted(rows: Array, k: int) -> Any:
    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows)
