"""What datasets with known generative factors share: the order of their images, their labels, and drawing in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vae_core.data import array_cache
from vae_core.data.source import FACTOR_PARTS, PARTS
from vae_core.types import Array, Report

NAMES = (*PARTS, *FACTOR_PARTS)
PIECE = 10_000
"""The number of images drawn at a time."""

Paint = Callable[[Array], Array]
"""Draws the images, (N, channels, height, width) uint8, of N rows, whatever a row is."""


@dataclass(frozen=True, eq=False)
class ImagePlans:
    """Plans arrays of images that are drawn piece by piece, reporting each piece.

    Attributes:
        shape: (channels, height, width).
        paint: draws the images of some rows.
        report: called with the current activity and its progress (0 to 1).
    """

    shape: tuple[int, int, int]
    paint: Paint
    report: Report

    def plan(self, rows: Array) -> array_cache.Plan:
        """Returns the plan of the images, (N, channels, height, width) uint8, of `rows` (N, ...)."""

        def pieces() -> Iterator[Array]:
            for start in range(0, len(rows), PIECE):
                yield self.paint(rows[start : start + PIECE])
                self.report("drawing the images", min(1.0, (start + PIECE) / len(rows)))

        return array_cache.Plan(np.uint8, (len(rows), *self.shape), pieces)


def label_plans(train: Array, test: Array, names: tuple[str, ...]) -> dict[str, array_cache.Plan]:
    """Returns the plans of the labels and factors of both splits.

    Args:
        train, test: (images, factors) int64.
        names: of the factors.
    """
    column = label_column(names)
    return {
        "train_labels": array_cache.whole(train[:, column]),
        "test_labels": array_cache.whole(test[:, column]),
        "train_factors": array_cache.whole(train),
        "test_factors": array_cache.whole(test),
    }


def label_column(names: tuple[str, ...]) -> int:
    """Returns the column of the factor used as label: the shape if there is one, else the first factor."""
    return names.index("shape") if "shape" in names else 0


def shuffled(count: int, seed: int) -> Array:
    """Returns a permutation of 0 to `count` - 1, (count,) int64, the same on every machine."""
    import torch  # imported here because listing datasets does not need it

    from vae_core.data.randomness import Stream, generator

    order: Array = torch.randperm(count, generator=generator(seed, Stream.DATA)).numpy()
    return order
