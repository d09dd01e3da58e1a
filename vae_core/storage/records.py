"""The records in `metrics.jsonl`: one writer appends, many readers follow at a cost independent of the file's length.

The first line is the schema. A record is a flat JSON object with `split` ("train" or "held-out"), `step`, `epoch` and
figures in nats per image; a figure that was not finite is null. An incomplete last line, left by a killed writer, is
ignored.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO, NotRequired

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from vae_core.errors import CheckpointCorrupt
from vae_core.storage import files
from vae_core.storage.documents import Count, Finite, Text
from vae_core.storage.schema import check_schema

SCHEMA = 1
Record = dict[str, Any]
"""A record as described by `RecordFields`; a plain dictionary, because charts choose its keys at run time."""


@with_config(ConfigDict(extra="allow"))
class RecordFields(TypedDict):
    """The keys of a record; other keys are kept unchanged."""

    split: Text
    step: Count
    epoch: NotRequired[Finite | None]
    seconds: NotRequired[Finite | None]
    loss: NotRequired[Finite | None]
    reconstruction_nats: NotRequired[Finite | None]
    kl_nats: NotRequired[Finite | None]
    beta: NotRequired[Finite | None]
    target: NotRequired[Finite | None]
    non_finite: NotRequired[bool]


_RECORD: TypeAdapter[Any] = TypeAdapter(RecordFields)


class MetricsWriter:
    """The one writer of a run's records."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = files.Appender(path)
        self._buffer = bytearray()
        self._file.cut(files.read_bytes(path).rfind(b"\n") + 1)  # drops an incomplete line of a killed writer
        if self._file.length == 0:
            self._file.append(files.json_bytes({"schema": SCHEMA}))

    def add(self, record: Record) -> None:
        """Buffers a record until the next `flush`. Non-finite figures become null, and the record is flagged."""
        if any(value != value or value in (float("inf"), float("-inf")) for value in record.values()):
            record = {**record, "non_finite": True}
        self._buffer += files.json_bytes(record)

    def flush(self) -> None:
        """Appends the buffered records to the file."""
        if self._buffer:
            self._file.append(bytes(self._buffer))
            self._buffer.clear()

    def sync(self) -> int:
        """Flushes, fsyncs, and returns the file's length in bytes."""
        self.flush()
        self._file.sync()
        return self._file.length

    def cut(self, length: int) -> None:
        """Truncates the file to the length recorded by a checkpoint; 0 starts over.

        Raises:
            CheckpointCorrupt: the file is shorter than that.
        """
        if length > self._file.length:
            raise CheckpointCorrupt("metrics.jsonl is shorter than the checkpoint says; restore the run's folder.")
        self._buffer.clear()
        self._file.cut(length)
        if length == 0:
            self._file.append(files.json_bytes({"schema": SCHEMA}))

    def cut_after(self, step: int) -> None:
        """Removes the records after `step`."""
        self.flush()
        length = 0
        for line in files.read_bytes(self._path).splitlines(keepends=True):
            if _parsed(line).get("step", 0) > step:
                break
            length += len(line)
        self.cut(length)

    def close(self) -> None:
        self.flush()
        self._file.close()


class Series:
    """A curve of at most `capacity` points: each bucket of steps keeps the records with the lowest and highest `key`."""

    def __init__(self, key: str, capacity: int = 400) -> None:
        self.key = key
        self.capacity = capacity
        self.width = 1
        self._buckets: dict[int, tuple[Record, Record]] = {}

    def add(self, record: Record) -> None:
        self._put(record["step"] // self.width, record, record)
        while len(self._buckets) > self.capacity // 2:
            self.width *= 2
            narrower, self._buckets = self._buckets, {}
            for low, high in narrower.values():
                self._put(low["step"] // self.width, low, high)

    def _put(self, bucket: int, low: Record, high: Record) -> None:
        if bucket in self._buckets:
            old_low, old_high = self._buckets[bucket]
            low = min(old_low, low, key=self._value)
            high = max(old_high, high, key=self._value)
        self._buckets[bucket] = (low, high)

    def _value(self, record: Record) -> float:
        value = record.get(self.key)
        return float(value) if value is not None else float("inf")

    def records(self) -> list[Record]:
        """Returns at most `capacity` records, ordered by step."""
        kept = {id(record): record for pair in self._buckets.values() for record in pair}
        return sorted(kept.values(), key=lambda record: record["step"])


class MetricsReader:
    """Follows a growing file: each `poll` reads only what was added since the last one.

    Attributes:
        train, held_out: the decimated curves.
        last_train, last_held_out: the newest record of each, or None.
        version: increases with every change, so that a page knows whether to redraw.
    """

    def __init__(self, path: Path, capacity: int = 400) -> None:
        self.path = path
        self.capacity = capacity
        self.version = 0
        self._start_over()

    def _start_over(self) -> None:
        self.train = Series("loss", self.capacity)
        self.held_out = Series("loss", self.capacity)
        self.last_train: Record | None = None
        self.last_held_out: Record | None = None
        self._offset = 0
        self._last_line = b""

    def poll(self) -> bool:
        """Reads new records and returns whether there were any.

        Raises:
            CheckpointCorrupt: a line is damaged.
            DiskError: the file cannot be read.
        """
        try:
            with files.readable(self.path), self.path.open("rb") as stream:
                added = self._added(stream)
        except FileNotFoundError:
            return False
        complete = added[: added.rfind(b"\n") + 1]
        lines = complete.splitlines(keepends=True)
        for record in [_parsed(line) for line in lines]:
            self._add(record)
        self._offset += len(complete)
        self._last_line = lines[-1] if lines else self._last_line
        self.version += bool(complete)
        return bool(complete)

    def _added(self, stream: BinaryIO) -> bytes:
        """Reads what follows the last line read, or the whole file if it was truncated in the meantime."""
        stream.seek(self._offset - len(self._last_line))
        if stream.read(len(self._last_line)) != self._last_line:
            self._start_over()
            stream.seek(0)
        return stream.read()

    def _add(self, record: Record) -> None:
        if "schema" in record:
            check_schema(record["schema"], SCHEMA, "metrics.jsonl")
        elif record.get("split") == "train":
            self.train.add(record)
            self.last_train = record
        elif record.get("split") == "held-out":
            self.held_out.add(record)
            self.last_held_out = record


def read_records(path: Path) -> list[Record]:
    """Returns all complete records of a file, in order.

    Raises:
        CheckpointCorrupt: a line in the middle is damaged.
        SchemaTooNew: a newer version of the program wrote it.
        DiskError: the file cannot be read.
    """
    content = files.read_bytes(path) if files.is_there(path) else b""
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    records = [_parsed(line) for line in lines]
    if records:
        check_schema(records[0].get("schema"), SCHEMA, "metrics.jsonl")
    return records[1:]


def _parsed(line: bytes) -> Record:
    try:
        record: Record = _RECORD.validate_json(line)
    except ValidationError as error:
        if (first := _schema_line(line)) is not None:
            return first
        raise CheckpointCorrupt(
            "metrics.jsonl has a line that is not a record; restore the run's folder from a copy."
        ) from error
    return record


def _schema_line(line: bytes) -> Record | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and "schema" in document else None
