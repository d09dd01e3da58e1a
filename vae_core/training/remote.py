"""Runs on the workers of a Dask cluster: trains one run with the usual driver and sends what happens.

Only plain data travels: a task is a dictionary of numbers, text and bytes, and so are its messages and its result.
Messages of one attempt are numbered from 0. The submitting side plays them to the run's folder, and drops those of an
abandoned attempt. Nothing is written here except the dataset's cache.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import platform
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from distributed import get_worker

from vae_core.config import RunConfig, parse_config
from vae_core.data import catalogue, datasets
from vae_core.data.source import PARTS
from vae_core.errors import DataError, LatentLabError
from vae_core.storage import files
from vae_core.storage.arrays import pack_tensors, unpack_tensors
from vae_core.storage.documents import plain
from vae_core.storage.records import Record
from vae_core.storage.runs import Control, Status
from vae_core.training.driver import Driver
from vae_core.training.sink import Snapshot
from vae_core.types import Array

SEND_SECONDS = 0.2
MAX_BATCH_BYTES = 2_000_000
WATCHED_SECONDS = 5.0
CACHED_DATASETS = 4
PACKAGE = Path(__file__).resolve().parents[1]

Task = dict[str, Any]
"""Keys: run, topic, config, versions, digest and content (of the dataset), status, record (of the checkpoint)."""

_stopped: set[str] = set()
"""Attempts that were asked to stop."""
_watched: dict[str, float] = {}
_datasets: dict[str, datasets.Dataset] = {}


@functools.cache
def versions() -> dict[str, str]:
    """What the bits of a training depend on besides its task: the versions of Python, torch and this program."""
    code = b"".join(
        path.relative_to(PACKAGE).as_posix().encode() + b"\0" + files.read_bytes(path)
        for path in sorted(PACKAGE.rglob("*.py"))
    )
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "torch": importlib.metadata.version("torch"),
        "vae_core": files.digest(code)[:12],
    }


def request(attempt: str, what: str) -> None:
    """Takes a request for an attempt that runs here: "stop", or "watch" for previews in the next few seconds."""
    if what == "watch":
        _watched[attempt] = time.monotonic()
    else:
        _stopped.add(attempt)


def train_run(task: Task, data: dict[str, Any] | None = None, checkpoint: bytes | None = None) -> dict[str, Any]:
    """Trains a run, as a Dask task.

    Args:
        task: plain data (`Task`).
        data: the dataset, from `packed`, if an earlier call answered "lacking".
        checkpoint: safetensors of weights and optimizer (then `task["record"]` belongs to them), or of the parent's
            weights.

    Returns:
        `outcome` is "ended", with the attempt, the number of messages sent, the last status and the weights; "lacking"
        if the dataset is not on this machine; "refused" or "failed", with a message.
    """
    differing = differences(task["versions"], versions())
    if differing:
        return {"outcome": "refused", "message": differing}
    try:
        dataset = _dataset(task, data)
    except LatentLabError:  # no such file, or other images: the submitter has to send them
        return {"outcome": "lacking"}
    wire = Wire(task, checkpoint)
    try:
        status = Driver(wire, load=lambda progress: dataset).drive()
    except LatentLabError as error:
        wire.send()
        return {"outcome": "failed", "message": str(error), "attempt": wire.attempt, "messages": wire.number}
    finally:
        _stopped.discard(wire.attempt)
        _watched.pop(wire.attempt, None)
    wire.send()
    sent = {"outcome": "ended", "attempt": wire.attempt, "messages": wire.number, "status": plain(status)}
    return {**sent, **wire.result}


def differences(here: dict[str, str], there: dict[str, str]) -> str:
    """A sentence about versions that differ, or empty."""
    changed = [f"{name} {there.get(name)} in place of {here[name]}" for name in here if here[name] != there.get(name)]
    if not changed:
        return ""
    return f"The cluster's workers have {', '.join(changed)}; give all machines the same program and environment."


def packed(dataset: datasets.Dataset) -> dict[str, Any]:
    """A dataset as plain data: shape, type and bytes of each of its arrays."""
    parts = {part: getattr(dataset, part).numpy() for part in PARTS}
    sent = {name: [list(part.shape), part.dtype.str, part.tobytes()] for name, part in parts.items()}
    return {"name": dataset.name, "classes": list(dataset.classes), "digest": dataset.digest, "parts": sent}


def content(dataset: datasets.Dataset) -> str:
    """SHA-256 of images and labels, by which a worker checks that it has the same ones."""
    return datasets.content_digest(dataset)


def _dataset(task: Task, data: dict[str, Any] | None) -> datasets.Dataset:
    """The dataset with the task's hash: from memory, as sent, or from this machine's disk.

    Raises:
        LatentLabError: it is in none of these.
    """
    digest = task["content"]
    if digest in _datasets:
        return _datasets[digest]
    dataset = _on_disk(task["config"]["data"]["dataset"]) if data is None else _unpacked(data)
    if content(dataset) != digest or dataset.digest != task["digest"]:
        raise DataError("The dataset on this machine is another one of that name; it has to be sent.")
    while len(_datasets) >= CACHED_DATASETS:
        _datasets.pop(next(iter(_datasets)))
    return _datasets.setdefault(digest, dataset)


def _on_disk(name: str) -> datasets.Dataset:
    """A dataset that is on this machine or is generated; nothing is downloaded."""
    if not catalogue.is_here(name):
        raise DataError(f"The dataset {name!r} is not on this machine; it has to be sent.")
    return datasets.load_dataset(name)


def _unpacked(data: dict[str, Any]) -> datasets.Dataset:
    parts = {
        name: datasets.as_tensor(np.frombuffer(bytearray(sent), dtype=np.dtype(kind)).reshape(shape))
        for name, (shape, kind, sent) in data["parts"].items()
    }
    train, train_labels, test, test_labels = (parts[part] for part in PARTS)
    classes = tuple(data["classes"])
    return datasets.Dataset(data["name"], train, train_labels, test, test_labels, classes, data["digest"])


class Wire:
    """A sink that sends its calls, as `[name, arguments]`, in batches. Weights come with the task's result.

    Attributes:
        attempt: a random id of this attempt at the run.
        number: number of messages sent so far.
        result: the weights, once the driver has finished.
    """

    def __init__(self, task: Task, checkpoint: bytes | None) -> None:
        self.config: RunConfig = parse_config(task["config"])
        self.status = Status(**task["status"])
        self.attempt, self.number = secrets.token_hex(8), 0
        self.result: dict[str, Any] = {}
        self._task, self._checkpoint = task, checkpoint
        self._worker: Any = get_worker()
        self._key = self._worker.get_current_task()
        self._waiting: list[list[Any]] = []
        self._bytes, self._next = 0, 0.0
        self._best: tuple[int, float, dict[str, Array]] | None = None
        self._queue("starts")

    @contextlib.contextmanager
    def lock_run(self) -> Iterator[None]:
        """Does nothing: the submitting side holds the run's lock."""
        yield

    def newest_checkpoint(self, before: int | None = None) -> Snapshot | None:
        record = self._task["record"]
        if not (self._checkpoint and record) or (before is not None and record["step"] >= before):
            return None
        return unpack_tensors(self._checkpoint), record

    def parent_weights(self) -> dict[str, Array] | None:
        return unpack_tensors(self._checkpoint) if self._checkpoint and not self._task["record"] else None

    def begin(self, step: int, length: int, subjects: bytes, identity: dict[str, Any]) -> None:
        self._queue("begin", step, length, subjects, identity)

    def add_record(self, record: Record) -> None:
        self._queue("add_record", record)

    def add_frame(self, step: int, content: bytes) -> None:
        self._queue("add_frame", step, content)

    def write_preview(self, content: bytes) -> None:
        self._queue("write_preview", content)

    def keep_best(self, step: int, target: float, tensors: dict[str, Array]) -> None:
        self._best = step, target, tensors

    def flush(self) -> None:
        self._queue("flush")

    def drop_after(self, step: int) -> None:
        self._queue("drop_after", step)
        if self._best is not None and self._best[0] > step:
            self._best = None

    def write_status(self, status: Status) -> None:
        self._queue("write_status", plain(status))

    def save_checkpoint(self, snapshot: Snapshot) -> None:
        """Does nothing: weights are only sent as the result. A run that loses its worker starts over."""

    def finish(self, snapshot: Snapshot | None) -> None:
        if self._best is not None:
            step, target, tensors = self._best
            self.result["best"] = [step, target, pack_tensors(tensors)]
        if snapshot is not None:
            tensors, record = snapshot
            self.result |= {"weights": pack_tensors(tensors), "record": record}

    def read_requests(self) -> Control | None:
        """A stop if that was requested, or if nobody waits for the run any more."""
        self._send_due()
        task = self._worker.state.tasks.get(self._key)
        abandoned = task is None or task.state == "cancelled" or self._worker.status.name != "running"
        return Control(want="stop" if abandoned or self.attempt in _stopped else "run")

    def clear_requests(self) -> None:
        """Does nothing: requests are made to an attempt, and this one is new."""

    def is_watched(self) -> bool:
        return time.monotonic() - _watched.get(self.attempt, float("-inf")) < WATCHED_SECONDS

    def _queue(self, name: str, *arguments: Any) -> None:
        self._waiting.append([name, list(arguments)])
        self._bytes += sum(len(item) for item in arguments if isinstance(item, bytes))
        self._send_due()

    def _send_due(self) -> None:
        if time.monotonic() >= self._next or self._bytes > MAX_BATCH_BYTES:
            self.send()

    def send(self) -> None:
        """Sends all queued calls as one numbered message."""
        self._next = time.monotonic() + SEND_SECONDS
        if not self._waiting:
            return
        message = {"run": self._task["run"], "attempt": self.attempt, "number": self.number, "did": self._waiting}
        self._worker.log_event(self._task["topic"], {**message, "worker": self._worker.address})
        self.number += 1
        self._waiting, self._bytes = [], 0
