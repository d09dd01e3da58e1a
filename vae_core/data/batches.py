"""Batches (`float32` in [0, 1]) from a dataset's `uint8` images, without a DataLoader.

An epoch visits each training image once, in an order that is a function of seed and epoch. Its last batch may be smaller.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from vae_core.config import HELD_OUT_IMAGES
from vae_core.data.datasets import Dataset
from vae_core.data.randomness import Stream, generator
from vae_core.errors import DataError

Binarize = Literal["none", "threshold", "dynamic", "fixed"]
Split = Literal["train", "test"]
FIXED_SEED = 0
"""The seed of `fixed` pixels. It belongs to the data, not to a run, so that all runs see the same images."""
_SPLIT_DRAWS: dict[Split, int] = {"test": -1, "train": -2}
"""Indices of the draws for a whole split in the stream of pixels; the steps of training use indices from 0 on."""


def training_images(dataset: Dataset, limit: int | None = None, mode: Binarize = "none") -> Tensor:
    """Returns the training split or its first `limit` images: `uint8`, (images, channels, height, width).

    In the mode `fixed` pixels are 0 or 255, sampled once and kept in memory. Other modes leave the images unchanged, for
    `binarize` to process at each step.
    """
    images = dataset.train_images[:limit]
    return binarize_split(images, mode, FIXED_SEED, split="train") if mode == "fixed" else images


def held_out(dataset: Dataset, count: int = HELD_OUT_IMAGES) -> tuple[Tensor, Tensor]:
    """Returns the test images that are evaluated during training; the same for all runs, whatever their seed.

    Returns:
        Images (`uint8`, (n, channels, height, width)) and labels (`int64`, (n,)). n is `count`, or the size of the test
        split if that is smaller.
    """
    total = len(dataset.test_images)
    if total <= count:
        return dataset.test_images, dataset.test_labels
    chosen = torch.randperm(total, generator=generator(0, Stream.EVALUATION))[:count]
    return dataset.test_images[chosen], dataset.test_labels[chosen]


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Returns the number of batches per epoch of `count` images, including a smaller last one."""
    return -(-count // batch_size)


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """Returns the order of the images in an epoch: a permutation of 0 to count - 1, `int64`, (count,)."""
    return torch.randperm(count, generator=generator(seed, Stream.ORDER, epoch))


def take(images: Tensor, indices: Tensor) -> Tensor:
    """Returns a batch, in a quarter of the time of indexing by `images[indices]`.

    Args:
        images: `uint8`, (images, channels, height, width).
        indices: `int64`, (batch,).

    Returns:
        `float32`, (batch, channels, height, width), in [0, 1].
    """
    return to_float(images.index_select(0, indices))


def to_float(images: Tensor) -> Tensor:
    """Converts `uint8` pixels of any shape to `float32` in [0, 1], bit for bit like torchvision's ToTensor."""
    return images.float().div_(255)


def binarize(images: Tensor, mode: Binarize, draw: torch.Generator) -> Tensor:
    """Binarises pixels to 0 or 1.

    Args:
        images: `float32` in [0, 1], any shape.
        mode: `none` (unchanged), `threshold` (1 from one half on) or `dynamic` (1 with the pixel's value as its
            probability, sampled anew at each call: Salakhutdinov and Murray, "On the quantitative analysis of deep belief
            networks", 2008). `fixed` leaves them unchanged because `training_images` has already sampled them.
        draw: the generator from which `dynamic` samples.

    Returns:
        `float32`, the same shape.
    """
    if mode == "dynamic":
        return torch.bernoulli(images, generator=draw)
    return images.ge(0.5).float() if mode == "threshold" else images


def binarize_split(images: Tensor, mode: Binarize, seed: int, *, split: Split = "test") -> Tensor:
    """Binarises a split, or its first images, to `uint8` pixels of 0 or 255.

    `dynamic` and `fixed` sample each pixel once, as 255 with its value as the probability. The sample is a function of
    seed, split and the image's index, whatever the batches.

    Args:
        images: `uint8`, (images, channels, height, width).
        mode: as for `binarize`.
        seed: the run's seed, for `dynamic`; `fixed` always uses `FIXED_SEED`.
        split: the split of the images; the two are sampled independently.

    Returns:
        `uint8`, the same shape.
    """
    if mode == "none":
        return images
    limit: Tensor | int = 127
    if mode in ("dynamic", "fixed"):  # uniform over 0 to 254, so below x in x of 255 cases
        draw = generator(FIXED_SEED if mode == "fixed" else seed, Stream.PIXELS, _SPLIT_DRAWS[split])
        limit = torch.randint(0, 255, images.shape, dtype=torch.uint8, generator=draw)
    return images.gt(limit).to(torch.uint8).mul_(255)


def check_images(images: Tensor) -> None:
    """Checks that images can be trained on; cross-entropy, for one, falls without bound on pixels outside [0, 1].

    Raises:
        DataError: there are no images, their shape is not (images, 1 or 3, height, width) or has a zero, their type is
            neither `uint8` nor floating-point, or a value is NaN or outside [0, 1]; names the first image at fault.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape[1:]:
        raise DataError(f"Images must have the shape (images, 1 or 3, height, width), not {tuple(images.shape)}.")
    if len(images) == 0:
        raise DataError("There are no usable images; give at least one.")
    if images.dtype == torch.uint8:
        return
    if not images.is_floating_point():
        raise DataError(f"Pixels must be uint8 from 0 to 255 or floating from 0 to 1, not {images.dtype}.")
    usable = (images >= 0) & (images <= 1)
    faulty = (~usable).flatten(1).any(1).nonzero()
    if len(faulty):
        index = int(faulty[0])
        value = float(images[index][~usable[index]][0])
        raise DataError(f"Image {index} holds the value {value:g}; scale all pixels to 0 to 1 and remove NaN.")
