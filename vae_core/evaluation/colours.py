"""Baselines for colouring grey images without a network: the mean colour of all images, or of the image's class."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from vae_core.data.batches import to_float
from vae_core.data.datasets import Dataset

MOST_IMAGES = 20_000
TITLES = {"mean-colour": "Mean colour", "class-mean-colour": "Mean colour of the true class"}


@dataclass(frozen=True, eq=False)
class MeanColours:
    """For each channel, the factor of the grey value that fits best, by least squares without an offset.

    Attributes:
        everywhere: (3,), fitted to all training images.
        of_class: (classes, 3), fitted to each class; `everywhere` for a class without images.
    """

    everywhere: Tensor = field(repr=False)
    of_class: Tensor = field(repr=False)

    def mean_colour(self, grey: Tensor) -> Tensor:
        """Grey images (N, 3, H, W) in the mean colour, float32 in [0, 1]."""
        return (grey * self.everywhere[None, :, None, None]).clamp(0, 1)

    def class_mean_colour(self, grey: Tensor, labels: Tensor) -> Tensor:
        """Grey images (N, 3, H, W) in the mean colour of their true class (N,), float32 in [0, 1]."""
        return (grey * self.of_class[labels][:, :, None, None]).clamp(0, 1)


def mean_colours(data: Dataset, grey: Tensor, images: Tensor, labels: Tensor) -> MeanColours:
    """Fits the mean colours to training images.

    Args:
        data: provides the classes.
        grey, images: (N, 3, H, W) uint8, the same images without and with their colours.
        labels: (N,) class indices.
    """
    products, squares = _sums(grey[:MOST_IMAGES], images[:MOST_IMAGES])
    everywhere = products.sum(dim=0) / squares.sum().clamp(min=1e-9)
    of_class = everywhere.repeat(len(data.classes), 1)
    for label in range(len(data.classes)):
        own = labels[:MOST_IMAGES] == label
        if own.any() and squares[own].sum() > 0:
            of_class[label] = products[own].sum(dim=0) / squares[own].sum()
    return MeanColours(everywhere.float(), of_class.float())


def _sums(grey: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """For each image the sums of grey x colour, (N, 3), and of grey x grey, (N,), float64.

    Both arguments are (N, 3, H, W) uint8.
    """
    products, squares = [], []
    for start in range(0, len(images), 1000):
        levels = to_float(grey[start : start + 1000, :1]).double()
        products.append((levels * to_float(images[start : start + 1000])).sum(dim=(2, 3)))
        squares.append(levels.square().sum(dim=(1, 2, 3)))
    return torch.cat(products), torch.cat(squares)
