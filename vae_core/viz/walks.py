"""Walks through latent space: arrays of codes to decode into a row, a grid or an animation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from vae_core.errors import ConfigError
from vae_core.types import Array

Interpolation = Literal["straight", "spherical"]
PARALLEL = 1e-6
"""Two directions whose angle has a smaller sine than this count as parallel."""


def traversal(z: Array, dimension: int, low: float, high: float, steps: int) -> Array:
    """Moves one dimension from end to end; the others stay exactly as they are.

    Args:
        z: (L,), the starting code.
        dimension: 0 to L - 1.
        low, high: the ends, both included.
        steps: at least 2.

    Returns:
        (steps, L) float32.

    Raises:
        ConfigError: there is no such dimension, or `steps` is below 2.
    """
    _check_dimensions(z, [dimension])
    _check_steps(steps)
    walk: Array = np.tile(np.asarray(z, dtype=np.float32), (steps, 1))
    walk[:, dimension] = np.linspace(low, high, steps)
    return walk


def manifold_grid(z: Array, axes: tuple[int, int], ranges: Sequence[tuple[float, float]], n: int) -> Array:
    """A grid of codes over two dimensions, in reading order: as on a map, the first dimension grows to the right and the
    second upwards (Kingma & Welling 2014, appendix A).

    Args:
        z: (L,), of which the other dimensions stay as they are.
        axes: two different dimensions in 0 to L - 1.
        ranges: (low, high) of each axis.
        n: codes along each axis, at least 2.

    Returns:
        (n * n, L) float32.

    Raises:
        ConfigError: a dimension does not exist or is named twice, or `n` is below 2.
    """
    _check_dimensions(z, axes)
    _check_steps(n)
    grid: Array = np.tile(np.asarray(z, dtype=np.float32), (n * n, 1))
    grid[:, axes[0]] = np.tile(np.linspace(*ranges[0], n), n)
    grid[:, axes[1]] = np.repeat(np.linspace(*ranges[1], n)[::-1], n)
    return grid


def random_codes(
    count: int,
    latent: int,
    seed: int,
    temperature: float = 1.0,
    mean: Array | float = 0.0,
    spread: Array | float = 1.0,
) -> Array:
    """Draws codes from a Gaussian; the same arguments give the same codes.

    Args:
        count: number of codes; a larger count starts with the same codes.
        latent: L.
        seed: at least 0.
        temperature: factor on the spread, at least 0; below 1 codes are more typical, 0 gives the mean.
        mean: (L,).
        spread: standard deviations (L,), or a square root of the covariance (L, L). By default, mean and spread are those
            of the prior N(0, I). An autoencoder has no prior: pass the Gaussian fitted to its codes
            (`evaluation.codes.fitted_gaussian`) and say so where the images are shown.

    Returns:
        (count, L) float32.
    """
    noise = np.random.default_rng(seed).standard_normal((count, latent))
    deviation = noise @ np.asarray(spread).T if np.ndim(spread) == 2 else np.asarray(spread) * noise
    drawn: Array = (mean + temperature * deviation).astype(np.float32)
    return drawn


def interpolate(a: Array, b: Array, steps: int, kind: Interpolation = "straight") -> Array:
    """Interpolates from one code to another, both ends included.

    "spherical" turns the direction at a constant rate (slerp: Shoemake 1985, "Animating rotation with quaternion
    curves", sec. 3.3) while the norm changes linearly, so that the codes in between lie as far from the origin as samples
    of the prior. If both codes point in the same direction, or one is the origin, this is the straight line; if they point
    in opposite directions, the half circle starts towards the axis that is closest to a right angle with them.

    Args:
        a, b: (L,), the two codes.
        steps: at least 2.
        kind: the path.

    Returns:
        (steps, L) float32.

    Raises:
        ConfigError: `steps` is below 2, or the codes differ in length.
    """
    _check_steps(steps)
    if np.ndim(a) != 1 or np.shape(a) != np.shape(b):
        raise ConfigError(f"The two codes must have the same length, not the shapes {np.shape(a)} and {np.shape(b)}.")
    first, last = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    share = np.linspace(0.0, 1.0, steps)[:, None]
    turned = _turned(first, last, share) if kind == "spherical" else None
    walk: Array = (first + share * (last - first) if turned is None else turned).astype(np.float32)
    walk[0], walk[-1] = a, b
    return walk


def _turned(first: Array, last: Array, share: Array) -> Array | None:
    """The spherical path from `first` (L,) to `last` (L,) at `share` (steps, 1): (steps, L); None if it is straight."""
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    if min(lengths) == 0.0:
        return None
    start, end = first / lengths[0], last / lengths[1]
    cosine = start @ end
    across = end - cosine * start
    sine = np.linalg.norm(across)
    if sine < PARALLEL:
        if cosine > 0 or len(first) == 1:
            return None
        across = np.eye(len(first))[np.abs(start).argmin()]
        across -= (across @ start) * start
    angle = np.arctan2(sine, cosine)  # accurate at all angles, unlike an arc cosine
    directions = np.cos(share * angle) * start + np.sin(share * angle) * across / np.linalg.norm(across)
    path: Array = directions * (lengths[0] + share * (lengths[1] - lengths[0]))
    return path


def _check_dimensions(z: Array, dimensions: Sequence[int]) -> None:
    latent = len(z)
    if len(set(dimensions)) < len(dimensions) or not all(0 <= dimension < latent for dimension in dimensions):
        named = " and ".join(str(dimension + 1) for dimension in dimensions)
        wanted = "different dimensions" if len(dimensions) > 1 else "a dimension"
        raise ConfigError(f"Choose {wanted} from 1 to {latent}, not {named}.")


def _check_steps(steps: int) -> None:
    if steps < 2:
        raise ConfigError(f"A walk needs at least 2 steps, not {steps}.")
