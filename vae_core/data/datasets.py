"""Loads a dataset by name.

Images stay `uint8` and are memory-mapped copy-on-write: all processes of a machine share one copy, and an accidental write
affects only the process that made it.
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
    """The generative factors of each image.

    Attributes:
        train, test: `int64`, (images, factors): the value of each factor, from 0 to its size - 1.
        names: of the factors.
        sizes: the number of values of each factor, at least 2.
    """

    train: Tensor
    test: Tensor
    names: tuple[str, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their labels, to be treated as immutable.

    Attributes:
        name: the dataset's name.
        train_images, test_images: `uint8`, (images, channels, height, width), 0 to 255.
        train_labels, test_labels: `int64`, (images,), indices into `classes`.
        classes: the names of the labels.
        digest: SHA-256 of content and shape, in hexadecimal.
        factors: the generative factors of each image; None if they are not known.
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
    """Loads a dataset, downloading it first if its files are missing or incomplete.

    Args:
        name: as for `catalogue.find`.
        data_dir: the data folder; the default one (`paths.data_folder`) if None.
        report: called with the current activity and its progress (0 to 1).

    Raises:
        DataError: the name is unknown, or the data cannot be downloaded or read.
        ConfigError: the data folder does not exist.
        DiskError: the data folder is full or read-only.
    """
    source = catalogue.find(name, data_dir)
    data_folder = paths.data_folder(data_dir)
    if source.download is not None:
        download.ensure(source.download, data_folder, report or no_report)
    return dataset_of(source.name, source.read(data_folder, report or no_report))


def dataset_of(name: str, content: Content) -> Dataset:
    """Wraps what a source has read as a dataset."""
    images, labels, test_images, test_labels = (as_tensor(content.arrays[part]) for part in PARTS)
    factors = None
    if content.factor_names:
        train, test = (torch.from_numpy(content.arrays[f"{split}_factors"]) for split in ("train", "test"))
        factors = Factors(train, test, content.factor_names, content.factor_sizes)
    return Dataset(name, images, labels, test_images, test_labels, content.classes, content.digest, factors)


def as_tensor(values: Array) -> Tensor:
    """Returns images, (N, channels, height, width), unchanged, and labels, (N,), as `int64`."""
    values = values if values.ndim > 1 else values.astype(np.int64, copy=False)
    return torch.from_numpy(values if values.flags.writeable else values.copy())  # torch warns about read-only arrays


def content_digest(dataset: Dataset) -> str:
    """Returns the SHA-256 of images and labels, without the factors, in hexadecimal."""
    return digest_of({part: getattr(dataset, part).numpy() for part in PARTS})
