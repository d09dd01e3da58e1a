"""Brings pictures in: finds, prepares, divides and stores them once. Nothing is stored in part.

The pictures are prepared in batches, in several processes, and held in an unfinished import (`parts.py`) until all are done.
Then they are divided (`splitting.py`) and written to a temporary folder that is renamed into place.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from vae_core.data import array_cache
from vae_core.data.own import parts, stored
from vae_core.data.own.find import find_pictures
from vae_core.data.own.found import Content, Found, Rejected
from vae_core.data.own.import_settings import USUAL_SIZE, ImportSettings
from vae_core.data.own.parts import Gathered
from vae_core.data.own.pool import prepared, processes_here
from vae_core.data.own.preparing import header_of
from vae_core.data.own.splitting import Division, divide
from vae_core.data.own.stored import Manifest, OwnSource, Summary
from vae_core.data.pictures import quiet
from vae_core.data.source import PARTS
from vae_core.errors import DataError, DiskError
from vae_core.storage import files
from vae_core.types import Array, Report, no_report

BATCH_BYTES, LARGEST_BATCH, FEW = 4_000_000, 128, 512
"""A batch's size in bytes and pictures at most; fewer pictures than the last number are prepared in this process."""
MAX_CLASSES, MAX_CLASS_NAME = 1_000, 60
NO_LABEL, NO_CLASSES = "no label", ("picture",)
LOOKED_AT, SAMPLED = 200, 1_000
DARK, BRIGHT = 25, 230
"""Pixels at most or at least this are within a tenth of black or white."""


@dataclass(frozen=True)
class Outcome:
    """What came of an import.

    Attributes:
        source: the dataset.
        rejected: what could not be used.
        copies: for each picture with the same pixels as an earlier one its name, and that one's.
        notes: what the user should know, a sentence each.
        is_new: False if the same import was found again.
    """

    source: OwnSource
    rejected: list[Rejected] = field(default_factory=list)
    copies: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_new: bool = True


def add(
    path: Path,
    name: str,
    asked: ImportSettings,
    data_folder: Path,
    *,
    processes: int | None = None,
    report: Report = no_report,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome | None:
    """Imports the pictures in a folder or file as a dataset.

    Args:
        path: the folder or file.
        name: of the dataset.
        asked: how the pictures are prepared and divided.
        data_folder: the folder of all datasets.
        processes: how many prepare pictures at once; by default one per core.
        report: called with the current activity and its progress (0 to 1).
        stopped: asked between two batches whether to stop. What was done stays, and the same call goes on.

    Returns:
        The outcome, or None if it was stopped.

    Raises:
        DatasetMissing: there is no such folder or file.
        DataError: there are fewer than two pictures that can be used, or the same import is running.
        NameInvalid: the name is invalid or taken.
        DiskError: the disk is full or cannot be written; what was done stays.
        JobFailed: a process was killed; what was done stays.
    """
    name = stored.check_name(name)
    stored.check_free(name, data_folder)
    report("looking for pictures", 0.0)
    found = find_pictures(path)
    settings = sized(found, asked)
    own = stored.own_folder(data_folder)
    files.make_folder(own)
    try:
        with parts.unfinished(own, _key(found, settings)) as folder:
            number = _prepare(found, settings, folder, processes, report, stopped)
            if number is None:
                return None
            outcome = _store(found, asked, settings, parts.gather(folder, number), data_folder, name, report)
        files.remove_tree(folder)
        return outcome
    except DiskError as error:
        cause = error.__cause__
        why = f" ({cause.strerror})" if isinstance(cause, OSError) and cause.strerror else ""
        raise DiskError(
            f"The import could not be written{why}; free some space or allow writing to {str(own)!r}, and start it again: "
            "it goes on where it was."
        ) from error


def find_import(path: Path, asked: ImportSettings, data_folder: Path) -> OwnSource | None:
    """Returns the dataset that the same import made of the same files, or None.

    Raises:
        DatasetMissing, DataError: like `find_pictures`.
    """
    place = os.path.realpath(path)
    same = [
        source
        for source in stored.sources(data_folder)
        if source.manifest.path == place and source.manifest.asked == asked
    ]
    if not same:
        return None
    now = find_pictures(path).fingerprint
    return next((source for source in same if source.manifest.fingerprint == now), None)


def add_or_find(
    path: Path,
    asked: ImportSettings,
    data_folder: Path,
    *,
    report: Report = no_report,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome | None:
    """Imports pictures under a name made from their path, or finds the same import again; otherwise like `add`."""
    source = find_import(path, asked, data_folder)
    if source is not None:
        return Outcome(source, is_new=False)
    return add(path, free_name(path, data_folder), asked, data_folder, report=report, stopped=stopped)


def free_name(path: Path, data_folder: Path, taken: Sequence[str] = ()) -> str:
    """Returns a name for a dataset made of a path: that of the folder or file, with a number if it is taken."""
    place = Path(os.path.realpath(path))
    stem = place.name if place.is_dir() else place.name.partition(".")[0]
    base = re.sub(r"[^\w.-]+", "-", stem).strip("-._")[:40] or "pictures"
    names = {source.name.casefold() for source in stored.sources(data_folder)}
    names |= {old.casefold() for source in stored.sources(data_folder) for old in source.manifest.former_names}
    names |= {name.casefold() for name in taken}
    number, name = 1, base
    while name.casefold() in names or os.path.lexists(stored.own_folder(data_folder) / name):
        number += 1
        name = f"{base}-{number}"
    return name


def sized(found: Found, asked: ImportSettings) -> ImportSettings:
    """Returns the settings with a size: the usual one, or that of the pictures if all have the same smaller one.

    Up to 200 of them, evenly spaced, are looked at.
    """
    if asked.size is not None:
        return asked
    sizes, step = set(), 1 if found.is_streamed else -(-len(found.entries) // LOOKED_AT)
    with quiet():
        for content in islice(found.contents(0), 0, LOOKED_AT * step, step):
            try:
                sizes.add(header_of(content)[0])
            except DataError:
                continue
            if len(sizes) > 1:
                break
    side = min(sizes.pop()) if len(sizes) == 1 else USUAL_SIZE
    return asked.model_copy(update={"size": min(USUAL_SIZE, max(4, side))})


def _key(found: Found, settings: ImportSettings) -> str:
    about = f"{found.path.resolve()}\0{found.fingerprint}\0{settings.model_dump_json()}"
    return hashlib.sha256(os.fsencode(about)).hexdigest()[:16]


def _prepare(
    found: Found,
    settings: ImportSettings,
    folder: Path,
    processes: int | None,
    report: Report,
    stopped: Callable[[], bool],
) -> int | None:
    """Prepares the parts that are not there yet and returns the number of all, or None if it was stopped."""
    total = len(found.entries)
    size = min(LARGEST_BATCH, max(8, BATCH_BYTES // (3 * (settings.size or 1) ** 2)))
    expected = -(-total // size)
    done = parts.count(folder, expected)
    left = total - done * size
    workers = 1 if left < FEW else processes or processes_here()
    contents = found.contents(done * size)
    batches = prepared(_chunks(contents, size), settings.recipe, workers)
    for number in range(done, expected):
        if stopped():
            batches.close()
            return None
        report(f"{number * size:,} of {total:,} pictures", number / expected)
        parts.write(folder, number, number * size, next(batches))
    batches.close()
    return expected


def _chunks(contents: Iterator[Content], size: int) -> Iterator[list[Content]]:
    while chunk := list(islice(contents, size)):
        yield chunk


def _store(
    found: Found,
    asked: ImportSettings,
    settings: ImportSettings,
    gathered: Gathered,
    data_folder: Path,
    name: str,
    report: Report,
) -> Outcome:
    """Divides the prepared pictures and stores the dataset."""
    report("storing", 0.99)
    entries = [found.entries[place] for place in gathered.places]
    labels, notes = _labels([entry.label for entry in entries])
    division = divide(gathered.digests, labels, [entry.split for entry in entries], settings.held_out, settings.seed)
    names = [entry.name for entry in entries]
    rejected = found.rejected + [Rejected(found.entries[place].name, reason) for place, reason in gathered.rejected]
    copies = [(names[copy], names[first]) for copy, first in division.copies]
    notes += [
        *found.notes,
        *_told(division),
        *(f"{text} (pictures: {count:,})" for text, count in gathered.notes.items()),
    ]
    own = stored.own_folder(data_folder)
    with files.temporary_folder(own / name) as temporary:
        folder = temporary / "dataset"  # not the temporary folder itself, which is private: the mode follows the umask
        files.make_folder(folder)
        classes, arrays = _write_arrays(folder, gathered, labels, division)
        _write_details(folder, gathered, names, division, rejected, copies)
        shape = (gathered.channels, *arrays["train_images"].shape[2:])
        manifest = Manifest(
            name=name,
            path=os.path.realpath(found.path),
            kind=found.kind,
            fingerprint=found.fingerprint,
            settings=settings,
            asked=asked,
            summary=Summary(
                train=len(division.train),
                test=len(division.held_out),
                shape=shape,
                classes=len(classes),
                extreme=_extreme(arrays["train_images"]),
            ),
            classes=classes,
            digest=array_cache.digest(arrays),
            stamps=stored.stamps(folder),
            rejected=len(rejected),
            copies=len(copies),
            created=time.time(),
        )
        stored.write_manifest(folder, manifest)
        with stored.locked(data_folder):
            stored.check_free(name, data_folder)
            files.move(folder, own / name)
    return Outcome(stored.existing(name, data_folder), rejected, copies, notes)


def _labels(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns a class for each picture, and notes; pictures without a label form a class if others have one."""
    clean = ["".join(one if one.isprintable() else " " for one in label).strip()[:MAX_CLASS_NAME] for label in given]
    different = set(clean)
    if different <= {""}:
        return list(NO_CLASSES) * len(clean), []
    if len(different) > MAX_CLASSES:
        note = f"There are {len(different):,} different labels; the most is {MAX_CLASSES:,}, so they are left out."
        return list(NO_CLASSES) * len(clean), [note]
    return [label or NO_LABEL for label in clean], []


def _told(division: Division) -> list[str]:
    notes = []
    if division.copies:
        notes.append(
            f"Pictures with the same pixels as an earlier one: {len(division.copies):,}. A picture that has copies is never "
            "held out."
        )
    if division.moved:
        notes.append(f"Pictures meant for testing that train instead, since they have copies: {division.moved:,}.")
    if division.left_out:
        notes.append(f"Copies of held-out pictures that are left out: {len(division.left_out):,}.")
    return notes


def _natural(label: str) -> tuple[bool, float, str]:
    """The order of classes: numbers by their value, then names, and what has no label last."""
    number = float(label) if re.fullmatch(r"\d{1,9}", label) else float("inf")
    return label == NO_LABEL, number, label


def _write_arrays(
    folder: Path, gathered: Gathered, labels: Sequence[str], division: Division
) -> tuple[tuple[str, ...], dict[str, Array]]:
    """Writes the four arrays and returns the classes and the arrays, memory-mapped."""
    classes = tuple(sorted(set(labels), key=_natural))
    numbers = {label: number for number, label in enumerate(classes)}
    indices = np.array([numbers[label] for label in labels], np.int64)
    side = gathered.images[0].shape[2]
    rows = max(1, BATCH_BYTES // (gathered.channels * side * side))
    for split, order in (("train", division.train), ("test", division.held_out)):
        shape = (len(order), gathered.channels, side, side)
        plan = array_cache.Plan(np.uint8, shape, partial(gathered.pieces, order, rows))
        array_cache.write_array(folder / f"{split}_images.npy", plan, durable=True)
        array_cache.write_array(folder / f"{split}_labels.npy", array_cache.whole(indices[order]), durable=True)
    return classes, {part: np.load(folder / f"{part}.npy", mmap_mode="r", allow_pickle=False) for part in PARTS}


def _write_details(
    folder: Path,
    gathered: Gathered,
    names: Sequence[str],
    division: Division,
    rejected: Sequence[Rejected],
    copies: Sequence[tuple[str, str]],
) -> None:
    splits = {"train": division.train.tolist(), "test": division.held_out.tolist()}
    files.write_json(
        folder / stored.NAMES,
        {"schema": stored.SCHEMA, **{split: [names[place] for place in order] for split, order in splits.items()}},
    )
    files.write_json(
        folder / stored.DETAILS,
        {
            "schema": stored.SCHEMA,
            "rejected": [each._asdict() for each in rejected],
            "copies": [{"file": copy, "same_as": first} for copy, first in copies],
            "modes": dict(gathered.modes),
            "sizes": [[*size, count] for size, count in Counter(gathered.sizes).most_common(100)],
            "notes": dict(gathered.notes),
        },
    )


def _extreme(images: Array) -> float:
    """Returns the share of pixels within a tenth of black or white, of up to 1,000 images."""
    sample = np.asarray(images[:SAMPLED])
    return float(((sample <= DARK) | (sample >= BRIGHT)).mean())
