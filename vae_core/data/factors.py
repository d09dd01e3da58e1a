"""Datasets whose factors are known: the order of their images, their labels, and images that are made in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vae_core.data import array_cache
from vae_core.data.source import FACTOR_PARTS, PARTS
from vae_core.types import Array, Report

NAMES = (*PARTS, *FACTOR_PARTS)
PIECE = 10_000
"""Images that are made at a time."""

Paint = Callable[[Array], Array]
"""From rows, whatever they are, to their images: (N, channels, height, width) uint8."""


@dataclass(frozen=True, eq=False)
class ImagePlans:
    """Plans arrays of images that are made piece by piece, each piece reported.

    Attributes:
        shape: (channels, height, width).
        paint: makes the images of some rows.
        report: called with what is being done, and the share of it that is done (0 to 1).
    """

    shape: tuple[int, int, int]
    paint: Paint
    report: Report

    def plan(self, rows: Array) -> array_cache.Plan:
        """The images of all rows, (N, channels, height, width) uint8, as a plan."""

        def pieces() -> Iterator[Array]:
            for start in range(0, len(rows), PIECE):
                yield self.paint(rows[start : start + PIECE])
                self.report("making the images", min(1.0, (start + PIECE) / len(rows)))

        return array_cache.Plan(np.uint8, (len(rows), *self.shape), pieces)


def label_plans(train: Array, test: Array, names: tuple[str, ...]) -> dict[str, array_cache.Plan]:
    """Labels and factors of both splits as plans.

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
    """The column of the factor that serves as label: the shape, or the first one."""
    return names.index("shape") if "shape" in names else 0


def shuffled(count: int, seed: int) -> Array:
    """A permutation of 0 to `count` less 1, (count,) int64, the same on every machine."""
    import torch  # here, since lists of datasets need none of it

    from vae_core.data.randomness import Stream, generator

    order: Array = torch.randperm(count, generator=generator(seed, Stream.DATA)).numpy()
    return order
