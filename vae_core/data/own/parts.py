"""The unfinished import: prepared batches in a folder, so that an import that was stopped goes on where it was.

    <data folder>/own/.import-<key>/00000.npy, 00000.json, ...      the key depends on the pictures and the settings

A part is complete once its JSON is there.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import filelock
import numpy as np

from vae_core.data.own.preparing import Batch
from vae_core.errors import CheckpointError, DataError, DiskError
from vae_core.storage import files
from vae_core.storage.documents import Count, Document, Text, plain, read_document
from vae_core.types import Array

SCHEMA, PREFIX = 1, ".import-"
ABANDONED_SECONDS = 7 * 86_400.0


class Part(Document):
    """What is known of a batch; the attributes are those of `preparing.Batch`, with places among all pictures."""

    places: tuple[Count, ...]
    digests: tuple[Text, ...]
    sizes: tuple[tuple[Count, Count], ...]
    modes: tuple[Text, ...]
    rejected: tuple[tuple[Count, Text], ...]
    notes: dict[Text, Count]


@dataclass(eq=False)
class Gathered:
    """All parts together.

    Attributes:
        images: of each part, memory-mapped.
        part, row: where each picture is.
        places: of each picture among all that were found.
        digests, sizes: of each picture.
        modes, notes: how often each occurs.
        rejected: for each picture that cannot be used its place and the reason.
    """

    images: list[Array] = field(default_factory=list)
    part: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    modes: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    rejected: list[tuple[int, str]] = field(default_factory=list)

    @property
    def channels(self) -> int:
        """3 if any picture is in colour, else 1."""
        return max((images.shape[1] for images in self.images), default=1)

    def pieces(self, order: Array, rows: int) -> Iterator[Array]:
        """Yields the pictures in an order, a few at a time: (n, channels, S, S) uint8."""
        shape = (self.channels, *self.images[0].shape[2:])
        for start in range(0, len(order), rows):
            chosen = order[start : start + rows]
            piece = np.empty((len(chosen), *shape), np.uint8)
            for target, picture in zip(piece, chosen, strict=True):
                target[:] = self.images[self.part[picture]][self.row[picture]]
            yield piece


@contextlib.contextmanager
def unfinished(own_folder: Path, key: str) -> Iterator[Path]:
    """Holds the folder of an unfinished import, made if it is missing. What others left long ago is removed.

    Raises:
        DataError: another process holds it.
        DiskError: it cannot be made.
    """
    folder = own_folder / f"{PREFIX}{key}"
    files.make_folder(folder)
    _remove_abandoned(own_folder, folder)
    try:
        with files.lock(folder / ".lock", timeout=0):
            yield folder
    except filelock.Timeout as error:
        raise DataError(
            "These pictures are being imported already, by another process; wait until it is done."
        ) from error


def _remove_abandoned(own_folder: Path, but: Path) -> None:
    for folder in [*own_folder.glob(f"{PREFIX}*"), *own_folder.glob(".partial-*"), *own_folder.glob(".removing-*")]:
        with contextlib.suppress(OSError, DiskError):  # another process removed it first, or it belongs to another user
            if folder != but and time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
                files.remove_tree(folder)


def count(folder: Path, expected: int) -> int:
    """Returns how many parts are complete, from the first one on, of those that are expected."""
    for number in range(expected):
        try:
            images, part = _read(folder, number)
        except (OSError, ValueError, EOFError, CheckpointError, DiskError):
            return number
        if len(images) != len(part.places):
            return number
    return expected


def write(folder: Path, number: int, start: int, batch: Batch) -> None:
    """Stores a batch as a part.

    Args:
        folder: of the unfinished import.
        number: of the part, from 0.
        start: the place of its first picture among all pictures.
        batch: what was prepared.

    Raises:
        DiskError: it could not be written.
    """
    buffer = io.BytesIO()
    np.save(buffer, batch.images, allow_pickle=False)
    part = Part(
        places=tuple(start + place for place in batch.places),
        digests=tuple(batch.digests),
        sizes=tuple(batch.sizes),
        modes=tuple(batch.modes),
        rejected=tuple((start + place, reason) for place, reason in batch.rejected),
        notes=batch.notes,
    )
    files.write_atomic(folder / f"{number:05}.npy", buffer.getvalue(), durable=False)
    files.write_json(folder / f"{number:05}.json", {"schema": SCHEMA, **plain(part)}, durable=False)


def gather(folder: Path, parts: int) -> Gathered:
    """Reads all parts; the images stay on the disk.

    Raises:
        DataError: one was removed or altered meanwhile.
    """
    found = Gathered()
    for number in range(parts):
        try:
            images, part = _read(folder, number)
        except (OSError, ValueError, EOFError, CheckpointError, DiskError) as error:
            raise DataError("A part of the unfinished import is damaged; start the import again.") from error
        found.images.append(images)
        found.part += [number] * len(images)
        found.row += range(len(images))
        found.places += part.places
        found.digests += part.digests
        found.sizes += part.sizes
        found.modes.update(part.modes)
        found.notes.update(part.notes)
        found.rejected += part.rejected
    return found


def _read(folder: Path, number: int) -> tuple[Array, Part]:
    part = read_document(folder / f"{number:05}.json", Part, SCHEMA)
    return np.load(folder / f"{number:05}.npy", mmap_mode="r", allow_pickle=False), part
