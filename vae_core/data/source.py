"""The base class of all datasets, and what a dataset reads.

A source knows its shape, classes, origin and licence, which files it needs, and how to read itself. To add a dataset, write
a subclass of `Source` and add a row to `catalogue.SOURCES`. Does not import torch, so that listing datasets is instant.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vae_core.data import array_cache
from vae_core.data.download import Download, is_here
from vae_core.types import Array, Report

PARTS = ("train_images", "train_labels", "test_images", "test_labels")
FACTOR_PARTS = ("train_factors", "test_factors")

Where = Literal["bundled", "here", "can be downloaded", "drawn by the program", "needs its files"]


@dataclass(frozen=True)
class DatasetInfo:
    """A row of the list of datasets. `train` and `test` are numbers of images, `shape` is (channels, height, width)."""

    name: str
    title: str
    train: int
    test: int
    shape: tuple[int, int, int]
    where: Where
    source: str
    licence: str

    @property
    def is_here(self) -> bool:
        """Whether it can be used without a download and without adding files."""
        return self.where not in ("can be downloaded", "needs its files")


@dataclass(frozen=True, eq=False)
class Content:
    """What a source reads.

    Attributes:
        arrays: under the names in `PARTS`, images `uint8`, (images, channels, height, width), 0 to 255, and labels of any
            integer type, (images,), indices into `classes`; if factors are known, also those under the names in
            `FACTOR_PARTS`: `int64`, (images, factors), each the index of a class.
        classes: names of the labels.
        digest: SHA-256 of the arrays (`array_cache.digest`), in hexadecimal.
        factor_names: names of the factors; empty if they are not known.
        factor_sizes: the number of classes of each factor.
    """

    arrays: Mapping[str, Array]
    classes: tuple[str, ...]
    digest: str
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A dataset that knows how to read itself.

    Attributes:
        name: as used in configurations and on the command line.
        title: display name.
        origin: who made it, or where it comes from.
        licence: of the images.
        shape: (channels, height, width).
        train, test: the number of images in each split.
        classes: names of the labels; empty if they are known only after reading.
        digest: SHA-256 of the content if it is known beforehand, else empty.
        download: the files needed and where to download them; None if nothing is downloaded.
        user_files: names of the files that the user has to put into the data folder.
        file: the user's own file or folder, if `name` is its path.
        has_factors: whether the generative factors of each image are known.
    """

    name: str
    title: str
    origin: str
    licence: str
    shape: tuple[int, int, int]
    train: int
    test: int
    classes: tuple[str, ...] = ()
    digest: str = ""
    download: Download | None = None
    user_files: tuple[str, ...] = ()
    file: Path | None = None
    has_factors: bool = False

    @abstractmethod
    def read(self, data_folder: Path, report: Report) -> Content:
        """Reads the images; called once the files of `download` exist and are checked.

        Args:
            data_folder: the folder of all datasets.
            report: called with the current activity and its progress (0 to 1).

        Raises:
            DataError: a file is missing, damaged, or in another format.
        """

    def where(self, data_folder: Path) -> Where:
        """Returns where the images are. Cheap: checks only the names and sizes of files."""
        return "here" if self.download is None or is_here(self.download, data_folder) else "can be downloaded"

    def info(self, data_folder: Path) -> DatasetInfo:
        """Returns the row of the list of datasets."""
        return DatasetInfo(
            name=self.name,
            title=self.title,
            train=self.train,
            test=self.test,
            shape=self.shape,
            where=self.where(data_folder),
            source=self.origin,
            licence=self.licence,
        )


def digest_of(arrays: Mapping[str, Array]) -> str:
    """Returns the SHA-256 of the four `PARTS` (`array_cache.digest`), of any shapes, in hexadecimal."""
    return array_cache.digest({name: arrays[name] for name in PARTS})
