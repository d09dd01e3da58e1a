"""Nearest neighbours, in pixel or latent space, and the distance of decoded pictures from real images."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from vae_core.errors import DataError
from vae_core.types import Array


def nearest_others(rows: Array, k: int) -> Array:
    """Returns the indices of the k nearest other rows of each row by Euclidean distance, nearest first: (N, k) int64.

    Args:
        rows: (N, D), N above k.
        k: at least 1.

    Raises:
        DataError: k is below 1, or there are no more than k rows.
    """
    if not 1 <= k < len(rows):
        raise DataError(
            f"k nearest neighbours need k of at least 1 and more than k images, not k = {k} of {len(rows)}."
        )
    neighbours: Array = _fitted(rows, k).kneighbors(return_distance=False).astype(np.int64)
    return neighbours


def distance_to_nearest(pictures: Array, images: Array) -> Array:
    """Returns the distance of each picture from the nearest image: root mean squared difference per pixel, 0 to 1.

    Args:
        pictures: (N, C, H, W) uint8, such as decoded samples of the prior.
        images: (M, C, H, W) uint8, real images; M at least 1.

    Returns:
        (N,) float64.

    Raises:
        DataError: there are no pictures or no images, or their shapes differ.
    """
    if not len(pictures) or not len(images) or pictures.shape[1:] != images.shape[1:]:
        raise DataError(
            f"Pictures {pictures.shape} and images {images.shape} must have the same size, and there must be some of each."
        )
    width = pictures[0].size
    nearest = _fitted(_flat(images), 1).kneighbors(_flat(pictures))[0][:, 0]
    distances: Array = nearest.astype(np.float64) / (255.0 * np.sqrt(width))
    return distances


def share_label(neighbours: Array, labels: Array) -> Array:
    """Returns the share of each image's neighbours that have its label.

    Args:
        neighbours: (N, k), indices of images.
        labels: (N,).

    Returns:
        (N,) in [0, 1].
    """
    same: Array = (labels[neighbours] == labels[:, None]).mean(axis=1)
    return same


def _flat(images: Array) -> Array:
    rows: Array = images.reshape(len(images), -1).astype(np.float32)
    return rows


def _fitted(rows: Array, k: int) -> Any:
    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows)
