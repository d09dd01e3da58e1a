"""What the readers of own pictures give: a list of pictures, and a way to read their contents one after another.

A content is small enough to be sent to another process, which opens it there: the path of a file, a member of a zip, the
bytes of a picture, an array, or the reason why there is none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from vae_core.types import Array

MAX_PICTURES = 2_000_000
Split = Literal["train", "test", ""]


class Entry(NamedTuple):
    """A picture that was found.

    Attributes:
        name: its path in the folder or zip, or its place in the file; untrusted, so never to be used as a path.
        label: the name of its class; empty if it has none.
        split: the part of the dataset it is meant for; empty if that is not told.
    """

    name: str
    label: str = ""
    split: Split = ""


class Rejected(NamedTuple):
    """A file or picture that cannot be used, and the reason, one sentence."""

    file: str
    reason: str


class Member(NamedTuple):
    """A member of a zip, by its place in the zip's list."""

    archive: Path
    number: int


class TextRow(NamedTuple):
    """Pixels as a line of a CSV.

    Attributes:
        line: the line.
        label_column: the column that is no pixel; -1 if there is none.
        shape: (H, W) or (H, W, C) of the picture.
        top: the value of white.
    """

    line: bytes
    label_column: int
    shape: tuple[int, ...]
    top: float


class Missing(NamedTuple):
    """There is no picture, and why."""

    reason: str


Content = Path | Member | TextRow | Missing | bytes | Array


@dataclass(eq=False)
class Found:
    """The pictures in a folder or file, before any of them is opened.

    Attributes:
        path: the folder or file.
        kind: what it is, in words.
        entries: the pictures, in the order in which they are read.
        contents: yields the content of each entry from a given one on.
        fingerprint: changes if a file is added, removed or changed.
        rejected: what cannot be used and was not opened.
        notes: what the user should know, a sentence each.
        is_streamed: whether contents can only be reached by reading all those before them.
        is_photos: whether the contents are files of pictures, not arrays.
    """

    path: Path
    kind: str
    entries: list[Entry]
    contents: Callable[[int], Iterator[Content]]
    fingerprint: str
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_streamed: bool = False
    is_photos: bool = True


def fingerprint(paths: Iterable[Path | str]) -> str:
    """Returns the SHA-256 of names, sizes and modification times of files, in hexadecimal."""
    sha256 = hashlib.sha256()
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116
            stamp = f"{status.st_size} {status.st_mtime_ns}"
        except OSError:
            stamp = "-"
        sha256.update(os.fsencode(path) + f"\0{stamp}\n".encode())
    return sha256.hexdigest()
