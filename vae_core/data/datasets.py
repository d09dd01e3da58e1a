"""Loads a dataset by its name, ready to index.

Images stay `uint8` and are memory-mapped, copy-on-write: all processes of a machine share one copy of them, and what one
process writes by mistake stays its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vae_core.data import catalogue, download
from vae_core.data.source import PARTS, Content, digest_of
from vae_core.storage import paths
from vae_core.types import Array, Report, no_report


@dataclass(frozen=True, eq=False)
class Factors:
    """What made each image.

    Attributes:
        train, test: `int64`, (images, factors): a class of each factor, 0 to its size less 1.
        names: of the factors.
        sizes: how many classes each has, at least 2.
    """

    train: Tensor
    test: Tensor
    names: tuple[str, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their labels; never to be changed.

    Attributes:
        name: the dataset's name.
        train_images, test_images: `uint8`, (images, channels, height, width), 0 to 255.
        train_labels, test_labels: `int64`, (images,), indices into `classes`.
        classes: the names of the labels.
        digest: SHA-256 over content and shape, in hexadecimal.
        factors: what made each image; None if that is not known.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: tuple[str, ...]
    digest: str
    factors: Factors | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        _, channels, height, width = self.train_images.shape
        return channels, height, width


def load_dataset(name: str, data_dir: Path | None = None, report: Report | None = None) -> Dataset:
    """Loads a dataset; one that is published elsewhere is downloaded first if it is not here, or not whole.

    Args:
        name: as `catalogue.find` reads it.
        data_dir: the data folder; left out, the usual one (`paths.data_folder`).
        report: called with what is being done, and the share of it that is done (0 to 1).

    Raises:
        DataError: the name is unknown, or the data cannot be had.
        ConfigError: the data folder is not there.
        DiskError: the data folder is full or read-only.
    """
    source = catalogue.find(name)
    data_folder = paths.data_folder(data_dir)
    if source.download is not None:
        download.ensure(source.download, data_folder, report or no_report)
    return dataset_of(name, source.read(data_folder, report or no_report))


def dataset_of(name: str, content: Content) -> Dataset:
    """A dataset of what its source has read."""
    images, labels, test_images, test_labels = (as_tensor(content.arrays[part]) for part in PARTS)
    factors = None
    if content.factor_names:
        train, test = (torch.from_numpy(content.arrays[f"{split}_factors"]) for split in ("train", "test"))
        factors = Factors(train, test, content.factor_names, content.factor_sizes)
    return Dataset(name, images, labels, test_images, test_labels, content.classes, content.digest, factors)


def as_tensor(values: Array) -> Tensor:
    """Images, (N, channels, height, width), as they are, and labels, (N,), as `int64`."""
    values = values if values.ndim > 1 else values.astype(np.int64, copy=False)
    return torch.from_numpy(values if values.flags.writeable else values.copy())  # torch warns of others


def content_digest(dataset: Dataset) -> str:
    """SHA-256 over name, type, shape and content of images and labels, without the factors; in hexadecimal."""
    return digest_of({part: getattr(dataset, part).numpy() for part in PARTS})
