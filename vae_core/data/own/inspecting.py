"""A look at pictures before they are imported: what was found, what will be rejected, and what the model will see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from vae_core.data.own.find import find_pictures
from vae_core.data.own.found import Content, Found, Rejected
from vae_core.data.own.import_settings import ImportSettings
from vae_core.data.own.picture_import import sized
from vae_core.data.own.preparing import header_of, prepare_batch
from vae_core.data.pictures import quiet
from vae_core.errors import DataError
from vae_core.types import Array, Report, no_report

LOOKED_AT, SAMPLES = 2_000, 24
SHOWN = 8


@dataclass(frozen=True, eq=False)
class Inspection:
    """What an import would find.

    Attributes:
        kind: what the path is, in words.
        settings: of the import, with the size that it would use.
        pictures: how many there are, before they are opened.
        looked_at: of how many of them the header was read.
        classes: the number of pictures of each class, most first.
        splits: the number of pictures that are meant for each part.
        sizes: (width, height) and how often, most frequent first, and the modes, of those looked at.
        rejected: what cannot be used, of those looked at; damaged pictures are found only when they are imported.
        samples: some pictures as the model will see them, (n, C, S, S) uint8.
        notes: what the user should know, a sentence each.
    """

    kind: str
    settings: ImportSettings
    pictures: int
    looked_at: int
    classes: dict[str, int]
    splits: dict[str, int]
    sizes: list[tuple[tuple[int, int], int]]
    modes: dict[str, int]
    rejected: list[Rejected]
    samples: Array
    notes: list[str]

    def text(self) -> str:
        """The inspection in a few lines."""
        largest = [f"{name or 'no label'} ({count:,})" for name, count in list(self.classes.items())[:SHOWN]]
        more = f", and {len(self.classes) - SHOWN:,} more" if len(self.classes) > SHOWN else ""
        sizes = ", ".join(f"{width} x {height} ({count:,})" for (width, height), count in self.sizes[:SHOWN])
        lines = [
            f"A {self.kind} with {self.pictures:,} files to read; {self.looked_at:,} were looked at.",
            f"Classes: {', '.join(largest)}{more}",
            f"Sizes: {sizes}{', ...' if len(self.sizes) > SHOWN else ''}",
            f"Modes: {', '.join(f'{mode} ({count:,})' for mode, count in self.modes.items())}",
            f"They would be stored at {self.settings.size} x {self.settings.size}.",
        ]
        shown = [f"Not used: {each.file!r}: {each.reason}" for each in self.rejected[:SHOWN]]
        rest = len(self.rejected) - len(shown)
        return "\n".join([*lines, *shown, *([f"Not used: {rest:,} more"] if rest else [])])


def inspect(path: Path, asked: ImportSettings, *, report: Report = no_report, samples: int = SAMPLES) -> Inspection:
    """Looks at the pictures in a folder or file and stores nothing.

    The headers of up to 2,000 of them, evenly spaced, are read, and up to `samples` are prepared; of files that can only be
    read from the start, the first ones.

    Raises:
        DatasetMissing, DataError: there is no such path, or there are no pictures.
    """
    report("looking for pictures", 0.0)
    found = find_pictures(path)
    settings = sized(found, asked)
    places, contents = _spread(found, LOOKED_AT)
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    rejected = list(found.rejected)
    good = []
    with quiet():
        for place, content in zip(places, contents, strict=False):
            report(f"{place:,} of {len(found.entries):,} pictures", place / len(found.entries))
            try:
                size, mode = header_of(content)
            except DataError as error:
                rejected.append(Rejected(found.entries[place].name, str(error)))
                continue
            sizes[size] += 1
            modes[mode] += 1
            good.append(place)
    batch = prepare_batch(_some(found, good, samples), settings.recipe)
    labels = Counter(entry.label for entry in found.entries)
    splits: Counter[str] = Counter(entry.split for entry in found.entries if entry.split)
    return Inspection(
        found.kind, settings, len(found.entries), len(places), dict(labels.most_common()), dict(splits),
        sizes.most_common(), dict(modes.most_common()), rejected, batch.images,
        [*found.notes, *(f"{text} ({count} of {len(batch.places)} samples)" for text, count in batch.notes.items())],
    )  # fmt: skip


def _spread(found: Found, most: int) -> tuple[range, islice[Content]]:
    step = 1 if found.is_streamed else -(-len(found.entries) // most)
    places = range(0, len(found.entries), step)[:most]
    return places, islice(found.contents(0), 0, places.stop, step)


def _some(found: Found, good: list[int], count: int) -> list[Content]:
    """Returns the contents of up to `count` of the pictures, evenly spaced."""
    if not good or not count:
        return []
    chosen = {good[index] for index in np.linspace(0, len(good) - 1, min(count, len(good))).astype(int)}
    contents = enumerate(islice(found.contents(0), 0, max(chosen) + 1))
    return [content for place, content in contents if place in chosen]
