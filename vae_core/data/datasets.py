"""A dataset by its name, ready to index.

Images stay `uint8` and are memory-mapped, copy on write: all processes of a machine share one copy of them, and what
one writes by mistake stays its own.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_core.data import amat, array_cache, catalogue, download, known_factors, tints
from vae_core.data.known_factors import Factors
from vae_core.errors import CheckpointError, DataError, DiskError
from vae_core.storage import arrays, files, paths

SAMPLES = Path(__file__).parent / "samples"
PARTS = ("train_images", "train_labels", "test_images", "test_labels")
IMAGE_HEADER, LABEL_HEADER = 16, 8
"""Bytes before the content of an idx file: a magic number and three sizes, or one."""

Parts = dict[str, Tensor]
"""Images and labels of both splits, by the names of `PARTS`."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their labels, never to be changed.

    Attributes:
        name: the dataset's name.
        train_images, test_images: `uint8`, (images, channels, height, width), 0 to 255.
        train_labels, test_labels: `int64`, (images,), indices into `classes`.
        classes: the names of the labels.
        digest: SHA-256 over content and shape, in hexadecimal.
        factors: what made each image, where that is known.
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


def load(name: str, data_dir: Path | None = None, progress: download.Progress | None = None) -> Dataset:
    """A dataset by its name; a full set is downloaded where it is not here or not whole.

    Args:
        name: one of `catalogue.ROWS`, sprites of another size, or the path of a dSprites file (`catalogue.find`).
        data_dir: the folder of the full sets; left out, the usual one (`places.data_folder`).
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        DataError: the name is unknown, or the data is neither here nor to be had.
        ConfigError: the data folder is not there.
        DiskError: the data folder is full or read-only.
    """
    row = catalogue.find(name)
    data_folder = paths.data_folder(data_dir)
    classes, digest, factors = row.family.classes, row.digest, None
    if row.given:
        found, digest = amat.load(data_folder)
        parts = {part: as_tensor(found[part]) for part in PARTS}
    elif row.family.raw is None:
        known = known_factors.load(name, progress)
        parts, classes, digest, factors = known.parts, known.classes, known.digest, known.factors
    elif row.bundled:
        parts = _bundled(name, row.digest)
    else:
        parts = _full(row, download.ensure(row.family.raw, data_folder, progress))
    train, train_labels, test, test_labels = (parts[part] for part in PARTS)
    return Dataset(name, train, train_labels, test, test_labels, classes, digest, factors)


def as_tensor(values: NDArray[Any]) -> Tensor:
    """Images as they lie on the disk, labels as `int64`."""
    return torch.from_numpy(values if values.ndim > 1 else values.astype(np.int64, copy=False))


def content_digest(parts: Parts) -> str:
    """SHA-256 over name, type, shape and content of the four `PARTS`, in hexadecimal."""
    return array_cache.digest({name: parts[name].numpy() for name in PARTS})


def _full(row: catalogue.Row, folder: Path) -> Parts:
    """The raw files (checked before, so their headers are known) as maps."""
    return {
        f"{split}_{kind}": as_tensor(
            np.memmap(folder / f"{prefix}-{kind}-{suffix}", np.uint8, mode="c", offset=header, shape=(count, *shape))
        )
        for split, prefix, count in (("train", "train", row.train), ("test", "t10k", row.test))
        for kind, suffix, header, shape in (
            ("images", "idx3-ubyte", IMAGE_HEADER, row.shape),
            ("labels", "idx1-ubyte", LABEL_HEADER, ()),
        )
    }


def _bundled(name: str, digest: str) -> Parts:
    """A sample, as maps of its copy in the cache, which is made or made anew where it is not what it should be."""
    folder = paths.cache_folder() / "datasets" / f"{name}-{digest[:16]}"
    cached = _cached(folder, digest)
    if cached is not None:
        return cached
    unpacked = _unpack(name, digest)
    try:
        _write_cache(folder, unpacked)
    except DiskError:
        return unpacked  # the cache saves memory and nothing else, so a disk that takes none is no reason to stop
    return _cached(folder, digest) or unpacked


def _cached(folder: Path, digest: str) -> Parts | None:
    try:
        parts = {part: as_tensor(np.load(folder / f"{part}.npy", mmap_mode="c", allow_pickle=False)) for part in PARTS}
    except (OSError, ValueError, TypeError, EOFError):  # missing, cut short, or no numbers
        return None
    return parts if content_digest(parts) == digest else None


def _write_cache(folder: Path, parts: Parts) -> None:
    files.make_folder(folder)
    for name, part in parts.items():
        buffer = io.BytesIO()
        np.save(buffer, part.numpy(), allow_pickle=False)
        files.write_atomic(folder / f"{name}.npy", buffer.getvalue(), durable=False)


def _unpack(name: str, digest: str) -> Parts:
    row = catalogue.find(name)
    if row.tinted_from:
        return _tinted(row)
    broken = f"The bundled dataset {name!r} is missing or damaged; install the program anew."
    try:
        bundle = arrays.unpack_bundle(files.read_bytes(SAMPLES / f"{name}.npz"))
        parts = {part: as_tensor(bundle[part]) for part in PARTS}
    except (CheckpointError, OSError, KeyError, TypeError, zlib.error) as error:
        raise DataError(broken) from error
    if content_digest(parts) != digest:
        raise DataError(broken)
    return parts


def _tinted(row: catalogue.Row) -> Parts:
    """A bundled set in colour; its random parts differ between the splits."""
    parts = dict(_bundled(row.tinted_from, catalogue.find(row.tinted_from).digest))
    for seed, split in enumerate(("train", "test")):
        images, labels = parts[f"{split}_images"], parts[f"{split}_labels"]
        parts[f"{split}_images"] = tints.tinted(images, labels, row.visible, seed)
    return parts
