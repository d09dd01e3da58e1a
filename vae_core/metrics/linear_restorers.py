"""Linear restorers learned by ridge regression: what least squares alone achieves on corrupted images.

They are the simplest baselines that, like a model, learn from examples: Hoerl & Kennard 1970, "Ridge regression: biased
estimation for nonorthogonal problems". On patches the result is the linear filter with the least mean squared error
(Wiener 1949), estimated from images.
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
"""The largest number of patches a linear filter is learned from: enough for its few hundred weights."""
PATCH_PENALTY = 1e-6
MOST_NUMBERS = 2_500
"""The largest number of values per image, channels included, for a map of whole images: its weights grow with the square."""


@dataclass(frozen=True, eq=False)
class ImageMap:
    """A linear map from the whole corrupted image to each pixel of the clean one.

    Attributes:
        weights: (D, D) float32, D = C H W.
        offset: (D,) float32.
    """

    weights: Array = field(repr=False)
    offset: Array = field(repr=False)

    def __call__(self, images: Array) -> Array:
        """Restores images (N, C, H, W) float32; same shape, not clipped."""
        restored: Array = images.reshape(len(images), -1) @ self.weights + self.offset
        return restored.reshape(images.shape)


@dataclass(frozen=True, eq=False)
class PatchFilter:
    """A linear filter that predicts each pixel from the patch around it; outside the border the image is 0.

    Attributes:
        weights: (C, C, side, side) float32, clean channel by corrupted channel.
        offset: (C,) float32.
    """

    weights: Array = field(repr=False)
    offset: Array = field(repr=False)

    def __call__(self, images: Array) -> Array:
        """Restores images (N, C, H, W) float32; same shape, not clipped."""
        inputs, weights, offset = (torch.from_numpy(array) for array in (images, self.weights, self.offset))
        restored: Array = functional.conv2d(inputs, weights, offset, padding="same").numpy()
        return restored


def image_maps(corrupted: Array, clean: Array, penalties: Sequence[float]) -> Iterator[ImageMap]:
    """Yields the map of whole images for each penalty.

    Args:
        corrupted, clean: (N, C, H, W) uint8, the same images with and without corruption; N at least 1.
        penalties: on the squared weights, per image, for pixels in [0, 1]; above 0.
    """
    parts = ((_rows(corrupted, start), _rows(clean, start)) for start in range(0, len(clean), CHUNK))
    for weights, offset in _ridge(parts, penalties):
        yield ImageMap(weights, offset)


def patch_filters(corrupted: Array, clean: Array, sides: Sequence[float]) -> Iterator[PatchFilter]:
    """Yields the filter for each side of a patch.

    Args:
        corrupted, clean: as for `image_maps`; only the first images are used, up to `PATCH_ROWS` pixels.
        sides: odd, in pixels.
    """
    channels = clean.shape[1]
    count = min(len(clean), max(1, PATCH_ROWS // (clean.shape[2] * clean.shape[3])))
    for side in map(int, sides):
        parts = (_patches(corrupted[index : index + 1], clean[index : index + 1], side) for index in range(count))
        weights, offset = next(_ridge(parts, [PATCH_PENALTY]))
        kernel = np.ascontiguousarray(weights.T.reshape(channels, channels, side, side))
        yield PatchFilter(kernel, offset)


def _ridge(parts: Iterable[tuple[Array, Array]], penalties: Sequence[float]) -> Iterator[tuple[Array, Array]]:
    """Yields the best weights (inputs, outputs) and offset (outputs,) for each penalty.

    `parts` are input rows (n, inputs) and target rows (n, outputs), a part at a time. Only their second moments are kept,
    in float64. The offset is not penalised.
    """
    count, sums, products = 0, None, None
    for part_inputs, part_targets in parts:
        both = np.concatenate([part_inputs, part_targets], axis=1)
        product, total = (part_inputs.T @ both).astype(np.float64), both.sum(axis=0, dtype=np.float64)
        count, sums = count + len(both), total if sums is None else sums + total
        products = product if products is None else products + product
    assert sums is not None and products is not None
    inputs, mean = len(products), sums / count
    products = products / count - np.outer(mean[:inputs], mean)
    values, vectors = np.linalg.eigh(products[:, :inputs])
    rotated = vectors.T @ products[:, inputs:]
    for penalty in penalties:
        weights = vectors @ (rotated / (values.clip(min=0) + penalty)[:, None])
        yield weights.astype(np.float32), (mean[inputs:] - mean[:inputs] @ weights).astype(np.float32)


def _rows(images: Array, start: int) -> Array:
    part = images[start : start + CHUNK]
    rows: Array = part.reshape(len(part), -1).astype(np.float32) / 255
    return rows


def _patches(corrupted: Array, clean: Array, side: int) -> tuple[Array, Array]:
    """Returns the patches around all pixels, (pixels, C side^2), and the clean pixels, (pixels, C)."""
    inputs, targets = (torch.from_numpy(images.astype(np.float32) / 255) for images in (corrupted, clean))
    patches = functional.unfold(inputs, side, padding=side // 2).transpose(1, 2).flatten(0, 1)
    return patches.numpy(), targets.flatten(2).transpose(1, 2).flatten(0, 1).numpy()
