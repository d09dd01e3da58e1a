"""Tables of pictures: a CSV of pixels, as Kaggle hands out MNIST, and parquet files with encoded pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vae_core.data.own.found import MAX_PICTURES, Content, Entry, Found, Missing, Rejected, Split, TextRow, fingerprint
from vae_core.data.own.label_files import NAMES
from vae_core.errors import DataError

if TYPE_CHECKING:
    import pyarrow.parquet

FEWEST_PIXELS, LOOKED_AT = 16, 100
IMAGE_NAMES = ("image", "img", "picture", "photo", "images", "pixel_values")
ROWS = 64
"""Rows of a parquet file that are in memory at once."""


class _Form(NamedTuple):
    """How a CSV of pixels is laid out.

    Attributes:
        columns: their number.
        has_header: whether the first line names them.
        label_column: the one that is no pixel; -1 if there is none.
        shape: (H, W) or (H, W, 3).
    """

    columns: int
    has_header: bool
    label_column: int
    shape: tuple[int, ...]


def is_pixel_csv(path: Path) -> bool:
    """Returns whether a CSV holds pixels: lines of numbers whose count, but for one label, is that of a picture."""
    try:
        return _form(path) is not None
    except OSError:
        return False


def open_pixel_csv(path: Path) -> Found:
    """Opens a CSV with the pixels of one picture in each line, and maybe its label.

    Raises:
        DataError: it is not such a file, or holds too many lines.
    """
    form = _form(path)
    if form is None:
        raise DataError(
            f"{path.name!r} holds no pictures: a line needs as many numbers as a square picture has pixels."
        )
    entries, rejected, top = [], [], 0.0
    for number, line in _lines(path, form):
        if (count := line.count(b",") + 1) != form.columns:
            what = f"It has {count:,} columns, and the first row has {form.columns:,}."
            rejected.append(Rejected(f"row {number}", what))
            continue
        label = "" if form.label_column < 0 else _label(line.split(b",")[form.label_column])
        entries.append(Entry(f"row {number}", label))
        if len(entries) <= LOOKED_AT:
            top = max(top, _largest(line, form))
        if len(entries) > MAX_PICTURES:
            raise DataError(f"{path.name!r} has more than {MAX_PICTURES:,} lines; choose a part of it.")
    white = 1.0 if top <= 1 else 255.0

    def contents(start: int) -> Iterator[Content]:
        good = (line for _, line in _lines(path, form) if line.count(b",") + 1 == form.columns)
        for line in islice(good, start, None):
            yield TextRow(line, form.label_column, form.shape, white)

    return Found(
        path, "CSV of pixels", entries, contents, fingerprint([path]), rejected, is_streamed=True, is_photos=False
    )


def _form(path: Path) -> _Form | None:
    with path.open("rb") as stream:
        first, second = (stream.readline(10_000_000).rstrip(b"\r\n").split(b",") for _ in range(2))
    has_header = not all(map(_is_number, first))
    numbers = second if has_header else first
    names = [name.decode(errors="replace").strip(' "\ufeff').lower() for name in first] if has_header else []
    columns = len(first)
    labelled = next((names.index(name) for name in NAMES if name in names), -1)
    if has_header and len(numbers) == columns and all(map(_is_number, numbers)):
        if labelled < 0 and _shape(columns) is None:
            labelled = next((place for place, name in enumerate(names) if not name.startswith("pix")), -1)
    elif has_header:
        return None
    if not has_header and _shape(columns) is None:
        labelled = 0
    shape = _shape(columns - (labelled >= 0))
    return None if shape is None else _Form(columns, has_header, labelled, shape)


def _shape(pixels: int) -> tuple[int, ...] | None:
    for channels in (1, 3):
        side = math.isqrt(pixels // channels)
        if pixels >= FEWEST_PIXELS and side * side * channels == pixels:
            return (side, side) if channels == 1 else (side, side, channels)
    return None


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _label(field: bytes) -> str:
    text = field.decode(errors="replace").strip(' "')
    return text.removesuffix(".0")


def _largest(line: bytes, form: _Form) -> float:
    fields = [field for place, field in enumerate(line.split(b",")) if place != form.label_column]
    return max((float(field) for field in fields if _is_number(field)), default=0.0)


def _lines(path: Path, form: _Form) -> Iterator[tuple[int, bytes]]:
    """Yields the lines that are not empty, with their numbers; the header is not one of them."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if (number > 1 or not form.has_header) and line.strip():
                yield number, line.rstrip(b"\r\n")


class _Columns(NamedTuple):
    """What a parquet file tells of its columns.

    Attributes:
        image: the column of pictures; `is_struct` if their bytes are in its field `bytes`.
        label: the column of classes; empty if there is none.
        classes: their names, for labels that are numbers; empty if they are not known.
    """

    image: str
    is_struct: bool
    label: str
    classes: tuple[str, ...]


def open_parquet(paths: Sequence[Path], path: Path) -> Found:
    """Opens parquet files with a column of encoded pictures, as Hugging Face datasets are stored.

    Raises:
        DataError: one is damaged, or has no such column.
    """
    entries: list[Entry] = []
    columns: list[_Columns] = []
    splits: list[Split] = _file_splits(paths)
    for file, split in zip(paths, splits, strict=True):
        with _opened(file) as table:
            columns.append(_columns(table, file))
            total = table.metadata.num_rows
            if len(entries) + total > MAX_PICTURES:
                raise DataError(f"{path.name!r} holds more than {MAX_PICTURES:,} rows; choose a part of it.")
            labels = _labels(table, columns[-1])
            entries += [
                Entry(f"{file.name}, row {row}", label, split)
                for row, label in enumerate(labels if labels is not None else [""] * total)
            ]

    def contents(start: int) -> Iterator[Content]:
        for file, found in zip(paths, columns, strict=True):
            with _opened(file) as table:
                if start < table.metadata.num_rows:
                    yield from _pictures(table, found, start)
                start = max(0, start - table.metadata.num_rows)

    kind = "parquet file" if len(paths) == 1 else "parquet files"
    return Found(path, kind, entries, contents, fingerprint(paths), is_streamed=True)


def _opened(path: Path) -> pyarrow.parquet.ParquetFile:
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path.name!r} is damaged or not a parquet file; fetch it again.") from error


def _columns(table: pyarrow.parquet.ParquetFile, path: Path) -> _Columns:
    from pyarrow import types

    schema = table.schema_arrow
    fitting = {}
    for column in schema:
        if types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
            fitting[column.name] = True
        elif types.is_binary(column.type) or types.is_large_binary(column.type):
            fitting[column.name] = False
    image = next((name for name in IMAGE_NAMES if name in fitting), next(iter(fitting), ""))
    if not image:
        held = ", ".join(f"{column.name} ({column.type})" for column in list(schema)[:8])
        raise DataError(f"{path.name!r} has no column of encoded pictures; it has {held[:300]}.")
    lower = {name.lower(): name for name in reversed(schema.names) if name != image}
    known = [lower[name] for name in (*NAMES, "fine_label", "coarse_label") if name in lower]
    label = next((name for name in known if _is_label(schema.field(name).type)), "")
    return _Columns(image, fitting[image], label, _class_names(schema.metadata or {}, label))


def _is_label(kind: Any) -> bool:
    from pyarrow import types

    checks = (types.is_integer, types.is_string, types.is_large_string, types.is_boolean, types.is_dictionary)
    return any(check(kind) for check in checks)


def _class_names(metadata: dict[bytes, bytes], label: str) -> tuple[str, ...]:
    """Returns the names that Hugging Face's `datasets` keeps in the file for the labels; empty if there are none."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _labels(table: pyarrow.parquet.ParquetFile, columns: _Columns) -> list[str] | None:
    import pyarrow

    if not columns.label:
        return None
    try:
        values = table.read(columns=[columns.label]).column(0).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("Its column of labels is damaged; fetch the file again.") from error
    names = columns.classes
    return [
        "" if value is None else names[value] if isinstance(value, int) and 0 <= value < len(names) else str(value)
        for value in values
    ]


def _pictures(table: pyarrow.parquet.ParquetFile, columns: _Columns, start: int) -> Iterator[Content]:
    """Yields the picture of each row from `start` on; whole groups of rows before it are not read."""
    import pyarrow

    groups: list[int] = []
    before = 0
    for group in range(table.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if before + rows > start or groups:
            groups.append(group)
        else:
            before += rows
    name = f"{columns.image}.bytes" if columns.is_struct else columns.image
    done = before
    try:
        for batch in table.iter_batches(batch_size=ROWS, row_groups=groups, columns=[name], use_threads=False):
            column = batch.column(0).field("bytes") if columns.is_struct else batch.column(0)
            for value in column:
                if done >= start:
                    yield value.as_py() or Missing("The row holds no bytes of a picture.")
                done += 1
    except (pyarrow.ArrowException, OSError):
        missing = Missing("The file is damaged before this picture.")
        yield from (missing for _ in range(max(done, start), table.metadata.num_rows))


def _file_splits(paths: Sequence[Path]) -> list[Split]:
    """Returns the split of each file by its name, as in train-00000-of-00002.parquet; none unless there are two."""
    held_out = [any(tag in path.stem.lower() for tag in ("test", "val")) for path in paths]
    training = ["train" in path.stem.lower() for path in paths]
    if not (any(held_out) and any(training)):
        return [""] * len(paths)
    has_test = any("test" in path.stem.lower() for path in paths)
    return [
        "test" if held and ("test" in path.stem.lower() or not has_test) else "train"
        for path, held in zip(paths, held_out, strict=True)
    ]
