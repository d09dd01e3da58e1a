"""Projects codes of any length onto the plane of a latent map."""

from __future__ import annotations

from typing import Literal

import numpy as np

from vae_core.errors import ConfigError
from vae_core.types import Array

Choice = tuple[int, int] | Literal["pca"]
"""Two dimensions, counted from 0, or the first two principal components."""


def projection_for(mean: Array, choice: Choice, previous: Array | None = None) -> tuple[Array, tuple[str, str]]:
    """The directions of a latent map and the names of its axes.

    The columns are orthonormal, so the prior N(0, I) stays a standard normal on the map. Codes are not centred, so the
    prior's centre stays at the origin. With a single latent there is no second axis, and its name is empty.

    Args:
        mean: (points, L) codes; only "pca" depends on their values.
        choice: two different dimensions from 0 to L - 1, or "pca".
        previous: (L, 2), the projection before this one, whose signs the principal components keep. Without it, the largest
            loading of each component is positive.

    Returns:
        (L, 2) float32 directions, and two names such as "z1" or "PC 1".

    Raises:
        ConfigError: a dimension does not exist, or is named twice.
    """
    latent = mean.shape[1]
    if latent == 1:
        return np.array([[1.0, 0.0]], dtype=np.float32), ("z1", "")
    if choice == "pca":
        return _principal(mean, previous), ("PC 1", "PC 2")
    first, second = choice
    if first == second or not all(0 <= dimension < latent for dimension in choice):
        raise ConfigError(
            f"The map needs two different dimensions from 1 to {latent}, not {first + 1} and {second + 1}."
        )
    return np.eye(latent, dtype=np.float32)[:, [first, second]], (f"z{first + 1}", f"z{second + 1}")


def project(values: Array, projection: Array) -> Array:
    """Codes (points, L) as positions on the map, (points, 2) float32; numbers that are not finite count as 0."""
    places: Array = _finite(values).astype(np.float32) @ projection
    return places


def spread_on_map(log_variance: Array, projection: Array) -> Array:
    """The Cholesky factors [a 0; b c] of the posteriors' covariances on the map: (points, 3) float32, a, b and c.

    With z = mean + exp(log_variance / 2) eps and eps ~ N(0, I), the position P'z has the covariance
    P' diag(exp(log_variance)) P. So mean + (a u, b u + c v) with standard normal u and v has the same distribution.

    Args:
        log_variance: (points, L).
        projection: (L, 2).
    """
    variance = np.exp(np.clip(log_variance.astype(np.float64), -30.0, 20.0))
    first, second = projection.astype(np.float64).T
    a = np.sqrt(variance @ first**2)
    b = (variance @ (first * second)) / np.maximum(a, 1e-12)
    c = np.sqrt(np.maximum(variance @ second**2 - b**2, 0.0))
    factor: Array = _finite(np.stack([a, b, c], axis=1)).astype(np.float32)
    return factor


def _principal(mean: Array, previous: Array | None) -> Array:
    finite = _finite(mean).astype(np.float64)
    directions: Array = np.linalg.svd(finite - finite.mean(axis=0), full_matrices=True)[2][:2].T
    largest = directions[np.abs(directions).argmax(axis=0), [0, 1]]
    signs = largest if previous is None else (directions * previous).sum(axis=0)
    kept: Array = (directions * np.where(signs < 0, -1.0, 1.0)).astype(np.float32)
    return kept


def _finite(values: Array) -> Array:
    finite: Array = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return finite
