"""What a dataset is: the base of every source, and what it reads.

A source knows its shape, classes, origin and licence, which files it needs, and how to read itself. To add a dataset, write
one subclass of `Source` and one row of `catalogue.SOURCES`. Imports no torch, so that a list of datasets is there at once.
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
    """A row of the list of datasets; `train` and `test` count images, `shape` is (channels, height, width)."""

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
        """Whether it can be used as it is, without a download and with no file missing."""
        return self.where not in ("can be downloaded", "needs its files")


@dataclass(frozen=True, eq=False)
class Content:
    """What a source reads.

    Attributes:
        arrays: by the names of `PARTS`: images `uint8`, (images, channels, height, width), 0 to 255, and labels of any
            integer type, (images,), indices into `classes`. If the factors are known, by those of `FACTOR_PARTS` too:
            `int64`, (images, factors), each the index of a class.
        classes: names of the labels.
        digest: SHA-256 of the arrays (`array_cache.digest`), in hexadecimal.
        factor_names: of the factors; empty if they are not known.
        factor_sizes: how many classes each factor has.
    """

    arrays: Mapping[str, Array]
    classes: tuple[str, ...]
    digest: str
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A dataset that loads itself.

    Attributes:
        name: as configurations and the command line have it.
        title: display name.
        origin: who made it, or where it comes from.
        licence: of the images.
        shape: (channels, height, width).
        train, test: how many images each split has.
        classes: names of the labels; empty if only reading tells.
        digest: SHA-256 of the content where it is known beforehand, else empty.
        download: the files that it needs and where to get them; None if nothing is downloaded.
        user_files: names of the files that the user has to put into the data folder.
        file: the user's own file or folder, if the name is its path.
        has_factors: whether it is known what made each image.
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
        """Reads the images; called when the files of `download` are there and checked.

        Args:
            data_folder: the folder of all datasets.
            report: called with what is being done, and the share of it that is done (0 to 1).

        Raises:
            DataError: a file is missing, damaged, or of another form.
        """

    def where(self, data_folder: Path) -> Where:
        """Where the images are. Cheap: looks at names and sizes of files only."""
        return "here" if self.download is None or is_here(self.download, data_folder) else "can be downloaded"

    def info(self, data_folder: Path) -> DatasetInfo:
        """The row of the list of datasets."""
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
    """SHA-256 over name, type, shape and content of the four `PARTS`, in hexadecimal."""
    return array_cache.digest({name: arrays[name] for name in PARTS})
