"""Labels from a CSV beside the pictures: one column names the files, another one the classes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

from vae_core.data.own.found import Found, Rejected
from vae_core.errors import DataError

NAMES = ("label", "class", "category", "target", "species", "breed", "labels", "class_name", "label_name", "classname")
"""Headers of a column of labels, in order of preference; compared without case."""
LOOKED_AT, MAX_ROWS = 200, 5_000_000
DELIMITERS = ",;\t"


def add_labels(found: Found, table: str, content: bytes) -> None:
    """Gives the pictures of `found` the labels in a CSV, in place of those that folders told.

    Rows with another number of columns than the header, and rows that name no picture, are added to `found.rejected`.

    Raises:
        DataError: it has no column with the names of pictures, or none or several that may be the labels.
    """
    rows = parse_table(content)
    header = next(rows, [])
    first = list(islice(rows, LOOKED_AT))
    known = _keys([entry.name for entry in found.entries])
    column = _file_column(header, first, known)
    label = label_column(header, column)
    labels: dict[int, str] = {}
    for number, row in enumerate(_chained(first, rows), start=2):
        if len(row) != len(header):
            what = f"It has {len(row)} columns, and the header has {len(header)}."
            found.rejected.append(Rejected(f"{table}, row {number}", what))
        elif (place := known.get(_key(row[column]))) is None:
            found.rejected.append(Rejected(f"{table}, row {number}", f"There is no picture {row[column][:200]!r}."))
        else:
            labels[place] = row[label].strip()
    found.entries = [
        entry if place not in labels else entry._replace(label=labels[place])
        for place, entry in enumerate(found.entries)
    ]
    if without := len(found.entries) - len(labels):
        found.notes.append(
            f"{without:,} of {len(found.entries):,} pictures are not in {table!r} and keep the label of their folder, if any."
        )


def named_files(content: bytes, names: Sequence[str]) -> set[str]:
    """Returns those of the names that a CSV lists; raises DataError if it has no column with names of pictures."""
    rows = parse_table(content)
    header = next(rows, [])
    first = list(islice(rows, LOOKED_AT))
    known = _keys(names)
    column = _file_column(header, first, known)
    listed = (known.get(_key(row[column])) for row in _chained(first, rows) if len(row) > column)
    return {names[place] for place in listed if place is not None}


def parse_table(content: bytes) -> Iterator[list[str]]:
    """Yields the rows of a CSV, header first; raises DataError if it is no text in UTF-8 or Latin-1 with separators."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    line = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=line.count)
    try:
        yield from csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise DataError(f"It is not a CSV ({error}).") from error


def label_column(header: Sequence[str], other: int) -> int:
    """Returns the place of the column of labels: one that is called so, or the only one beside `other`.

    Raises:
        DataError: there is none, or it is not clear which.
    """
    names = [name.strip().lower() for name in header]
    for name in NAMES:
        if name in names and names.index(name) != other:
            return names.index(name)
    rest = [place for place in range(len(names)) if place != other]
    if len(rest) == 1:
        return rest[0]
    raise DataError("It has no column called 'label' or 'class'; rename the one that holds the classes.")


def _keys(names: Sequence[str]) -> dict[str, int]:
    """Returns the place of each picture by its path, its file name, and that without its ending; paths go first."""
    known: dict[str, int] = {}
    for shorten in (lambda name: name, lambda name: name.rpartition("/")[2], lambda name: _stem(name)):
        short: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            short.setdefault(shorten(name), []).append(place)
        for key, places in short.items():
            if len(places) == 1:
                known.setdefault(key, places[0])
    return known


def _key(text: str) -> str:
    return text.strip().replace("\\", "/").removeprefix("./")


def _stem(name: str) -> str:
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last


def _file_column(header: Sequence[str], rows: Sequence[Sequence[str]], known: dict[str, int]) -> int:
    hits = [sum(_key(row[place]) in known for row in rows if len(row) > place) for place in range(len(header))]
    if not hits or max(hits) == 0:
        raise DataError("None of its columns names the pictures, so it gives no labels.")
    return hits.index(max(hits))


def _chained(first: Sequence[list[str]], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from first
    yield from islice(rest, MAX_ROWS)
