"""Linear restorers learned by ridge regression: what least squares alone makes of damaged images.

They are the simplest opponents that learn from examples, as a model does: Hoerl & Kennard 1970, "Ridge regression: biased
estimation for nonorthogonal problems". On patches this is the linear filter with the least mean squared error (Wiener
1949), estimated from images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional

from vae_core.types import Array

CHUNK = 500
PATCH_ROWS = 1_000_000
"""Patches that a linear filter is learned from, at most: enough for its few hundred weights."""
PATCH_PENALTY = 1e-6
MOST_NUMBERS = 2_500
"""Numbers an image, channels included, up to which a map of whole images is learned: its weights grow with their square."""


@dataclass(frozen=True, eq=False)
class ImageMap:
    """A linear map from the whole damaged image to each pixel of the clean one.

    Attributes:
        weights: (D, D) float32, D = C H W.
        offset: (D,) float32.
    """

    weights: Array = field(repr=False)
    offset: Array = field(repr=False)

    def __call__(self, images: Array) -> Array:
        """Images (N, C, H, W) float32 to the same shape, not clipped."""
        restored: Array = images.reshape(len(images), -1) @ self.weights + self.offset
        return restored.reshape(images.shape)


@dataclass(frozen=True, eq=False)
class PatchFilter:
    """A linear filter: each pixel from the patch around it, the same everywhere; beyond the border the image is 0.

    Attributes:
        weights: (C, C, side, side) float32, the clean channel first.
        offset: (C,) float32.
    """

    weights: Array = field(repr=False)
    offset: Array = field(repr=False)

    def __call__(self, images: Array) -> Array:
        """Images (N, C, H, W) float32 to the same shape, not clipped."""
        given, weights, offset = (torch.from_numpy(one) for one in (images, self.weights, self.offset))
        restored: Array = functional.conv2d(given, weights, offset, padding="same").numpy()
        return restored


def image_maps(corrupted: Array, clean: Array, penalties: Sequence[float]) -> Iterator[ImageMap]:
    """The map of whole images for each penalty.

    Args:
        corrupted, clean: (N, C, H, W) uint8, the same images with and without damage; N at least 1.
        penalties: of the squared weights, per image, for pixels in [0, 1]; above 0.
    """
    parts = ((_rows(corrupted, start), _rows(clean, start)) for start in range(0, len(clean), CHUNK))
    for weights, offset in _ridge(parts, penalties):
        yield ImageMap(weights, offset)


def patch_filters(corrupted: Array, clean: Array, sides: Sequence[float]) -> Iterator[PatchFilter]:
    """The filter for each side of a patch.

    Args:
        corrupted, clean: as for `image_maps`; the first of them, up to `PATCH_ROWS` pixels.
        sides: odd, in pixels.
    """
    channels = clean.shape[1]
    count = min(len(clean), max(1, PATCH_ROWS // (clean.shape[2] * clean.shape[3])))
    for side in map(int, sides):
        parts = (_patches(corrupted[at : at + 1], clean[at : at + 1], side) for at in range(count))
        weights, offset = next(_ridge(parts, [PATCH_PENALTY]))
        kernel = np.ascontiguousarray(weights.T.reshape(channels, channels, side, side))
        yield PatchFilter(kernel, offset)


def _ridge(parts: Iterable[tuple[Array, Array]], penalties: Sequence[float]) -> Iterator[tuple[Array, Array]]:
    """Weights (inputs, outputs) and offset (outputs,) that are best for each penalty, from rows that come in parts.

    Only their second moments are kept, in float64. The offset bears no penalty.
    """
    count, sums, products = 0, None, None
    for given, wanted in parts:
        both = np.concatenate([given, wanted], axis=1)
        product, total = (given.T @ both).astype(np.float64), both.sum(axis=0, dtype=np.float64)
        count, sums = count + len(both), total if sums is None else sums + total
        products = product if products is None else products + product
    assert sums is not None and products is not None
    inputs, mean = len(products), sums / count
    products = products / count - np.outer(mean[:inputs], mean)
    values, vectors = np.linalg.eigh(products[:, :inputs])
    turned = vectors.T @ products[:, inputs:]
    for penalty in penalties:
        weights = vectors @ (turned / (values.clip(min=0) + penalty)[:, None])
        yield weights.astype(np.float32), (mean[inputs:] - mean[:inputs] @ weights).astype(np.float32)


def _rows(images: Array, start: int) -> Array:
    part = images[start : start + CHUNK]
    rows: Array = part.reshape(len(part), -1).astype(np.float32) / 255
    return rows


def _patches(corrupted: Array, clean: Array, side: int) -> tuple[Array, Array]:
    """The patches around all pixels, (pixels, C side^2), and the clean pixels, (pixels, C)."""
    given, wanted = (torch.from_numpy(one.astype(np.float32) / 255) for one in (corrupted, clean))
    patches = functional.unfold(given, side, padding=side // 2).transpose(1, 2).flatten(0, 1)
    return patches.numpy(), wanted.flatten(2).transpose(1, 2).flatten(0, 1).numpy()
