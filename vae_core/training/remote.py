"""What a worker of a Dask cluster does: trains one run with the usual driver, and sends what happens.

Only plain data travels: a task is a dictionary of numbers, text and bytes, and so are its messages and its result.
Messages of one attempt are numbered from 0. The side that handed the run over plays them to the run's folder, and
drops those of an attempt that was given up. Nothing is written here but what the dataset's cache takes.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
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
from vae_core.storage.records import Record
from vae_core.storage.runs import Control, Status
from vae_core.training.driver import Driver
from vae_core.training.sink import Snapshot
from vae_core.types import Array

SEND_SECONDS = 0.2
MAX_BATCH_BYTES = 2_000_000
WATCHED_SECONDS = 5.0
HELD_DATASETS = 4
PACKAGE = Path(__file__).resolve().parents[1]

Task = dict[str, Any]
"""What is sent: run, topic, config, versions, digest and content of the dataset, status, checkpoint, record, parent."""

_wants: dict[str, str] = {}
_watched: dict[str, float] = {}
_datasets: dict[str, datasets.Dataset] = {}


@functools.cache
def versions() -> dict[str, str]:
    """What the bits of a training depend on besides its task: Python, torch, and this program's own code."""
    code = b"".join(
        path.relative_to(PACKAGE).as_posix().encode() + b"\0" + files.read_bytes(path)
        for path in sorted(PACKAGE.rglob("*.py"))
    )
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "torch": importlib.metadata.version("torch"),
        "vae_core": files.digest(code)[:12],
    }


def want(attempt: str, what: str) -> None:
    """Takes a wish for an attempt that runs here: "stop", or "watch" for the next few seconds' previews."""
    if what == "watch":
        _watched[attempt] = time.monotonic()
    else:
        _wants[attempt] = what


def train_run(task: Task, data: dict[str, Any] | None = None, checkpoint: bytes | None = None) -> dict[str, Any]:
    """Trains a run from its task, in a task of Dask.

    Args:
        task: plain data (`Task`).
        data: the dataset, as from `packed`, where an earlier answer was "lacking".
        checkpoint: weights and optimizer as safetensors, or the parent's weights; `task["record"]` is beside the first.

    Returns:
        `outcome` is "ended" with the attempt, the number of messages sent, the last status and the weights; "lacking"
        where the dataset is not here; "refused" or "failed" with a sentence.
    """
    differing = differences(task["versions"], versions())
    if differing:
        return {"outcome": "refused", "message": differing}
    try:
        dataset = _dataset(task, data)
    except LatentLabError:  # no such file, or not the same images: they are asked for
        return {"outcome": "lacking"}
    wire = Wire(task, checkpoint)
    try:
        status = Driver(wire, load=lambda progress: dataset).drive()
    except LatentLabError as error:
        wire.send()
        return {"outcome": "failed", "message": str(error), "attempt": wire.attempt, "messages": wire.number}
    finally:
        _wants.pop(wire.attempt, None)
        _watched.pop(wire.attempt, None)
    wire.send()
    sent = {"outcome": "ended", "attempt": wire.attempt, "messages": wire.number, "status": asdict(status)}
    return {**sent, **wire.result}


def differences(here: dict[str, str], there: dict[str, str]) -> str:
    """A sentence about versions that differ, or nothing."""
    changed = [f"{name} {there.get(name)} in place of {here[name]}" for name in here if here[name] != there.get(name)]
    if not changed:
        return ""
    return f"The cluster's workers have {', '.join(changed)}; give all machines the same program and environment."


def packed(dataset: datasets.Dataset) -> dict[str, Any]:
    """A dataset as plain data: shape, type and bytes of each of its parts."""
    parts = {part: getattr(dataset, part).numpy() for part in PARTS}
    sent = {name: [list(part.shape), part.dtype.str, part.tobytes()] for name, part in parts.items()}
    return {"name": dataset.name, "classes": list(dataset.classes), "digest": dataset.digest, "parts": sent}


def content(dataset: datasets.Dataset) -> str:
    """SHA-256 of the images and labels, by which a worker knows that it has the same."""
    return datasets.content_digest(dataset)


def _dataset(task: Task, data: dict[str, Any] | None) -> datasets.Dataset:
    """By its hash: held, on this machine's disk, or as it was sent.

    Raises:
        LatentLabError: it is none of these.
    """
    digest = task["content"]
    if digest in _datasets:
        return _datasets[digest]
    found = _on_disk(task["config"]["data"]["dataset"]) if data is None else _unpacked(data)
    if content(found) != digest or found.digest != task["digest"]:
        raise DataError("The dataset on this machine is another one of that name; it has to be sent.")
    while len(_datasets) >= HELD_DATASETS:
        _datasets.pop(next(iter(_datasets)))
    return _datasets.setdefault(digest, found)


def _on_disk(name: str) -> datasets.Dataset:
    """A dataset that is here or that the program draws itself; nothing is downloaded."""
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
    """The sink that sends: calls become messages `[name, arguments]`, in batches; weights wait for the result.

    Attributes:
        attempt: names this attempt among those of the run.
        number: messages sent so far.
        result: the weights, once the driver has finished.
    """

    def __init__(self, task: Task, checkpoint: bytes | None) -> None:
        self.config: RunConfig = parse_config(task["config"])
        self.status = Status(**{**task["status"], "notes": tuple(task["status"]["notes"])})
        self.attempt, self.number = secrets.token_hex(8), 0
        self.result: dict[str, Any] = {}
        self._task, self._checkpoint = task, checkpoint
        self._worker: Any = get_worker()
        self._key = self._worker.get_current_task()
        self._waiting: list[list[Any]] = []
        self._bytes, self._next = 0, 0.0
        self._best: tuple[int, float, dict[str, Array]] | None = None
        self._did("starts")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """The side that handed the run over holds its lock."""
        yield

    def newest(self, before: int | None = None) -> Snapshot | None:
        record = self._task["record"]
        if not (self._checkpoint and record) or (before is not None and record["step"] >= before):
            return None
        return unpack_tensors(self._checkpoint), record

    def parent(self) -> dict[str, Array] | None:
        return unpack_tensors(self._checkpoint) if self._checkpoint and not self._task["record"] else None

    def begin(self, step: int, length: int, subjects: bytes, identity: dict[str, Any]) -> None:
        self._did("begin", step, length, subjects, identity)

    def add(self, record: Record) -> None:
        self._did("add", record)

    def frame(self, step: int, content: bytes) -> None:
        self._did("frame", step, content)

    def preview(self, content: bytes) -> None:
        self._did("preview", content)

    def best(self, step: int, target: float, tensors: dict[str, Array]) -> None:
        self._best = step, target, tensors

    def flush(self) -> None:
        self._did("flush")

    def back_to(self, step: int) -> None:
        self._did("back_to", step)
        if self._best is not None and self._best[0] > step:
            self._best = None

    def say(self, status: Status) -> None:
        self._did("say", asdict(status))

    def save(self, step: int, take: Callable[[], Snapshot]) -> None:
        """Weights come back as the result alone: a run that loses its worker starts over."""

    def finish(self, take: Callable[[], Snapshot] | None) -> None:
        if self._best is not None:
            step, target, tensors = self._best
            self.result["best"] = [step, target, pack_tensors(tensors)]
        if take is not None:
            tensors, record = take()
            self.result |= {"weights": pack_tensors(tensors), "record": record}

    def wants(self) -> Control | None:
        """A run ends where that was wished, or where nobody waits for it any more."""
        self._send_due()
        task = self._worker.state.tasks.get(self._key)
        abandoned = task is None or task.state == "cancelled" or self._worker.status.name != "running"
        return Control(want="stop" if abandoned else _wants.get(self.attempt, "run"))

    def forget_wants(self) -> None:
        """Wishes go to an attempt, and this one is new."""

    def is_watched(self) -> bool:
        return time.monotonic() - _watched.get(self.attempt, float("-inf")) < WATCHED_SECONDS

    def _did(self, name: str, *arguments: Any) -> None:
        self._waiting.append([name, list(arguments)])
        self._bytes += sum(len(item) for item in arguments if isinstance(item, bytes))
        self._send_due()

    def _send_due(self) -> None:
        if time.monotonic() >= self._next or self._bytes > MAX_BATCH_BYTES:
            self.send()

    def send(self) -> None:
        """Sends what waits, as one numbered message."""
        self._next = time.monotonic() + SEND_SECONDS
        if not self._waiting:
            return
        message = {"run": self._task["run"], "attempt": self.attempt, "number": self.number, "did": self._waiting}
        self._worker.log_event(self._task["topic"], {**message, "worker": self._worker.address})
        self.number += 1
        self._waiting, self._bytes = [], 0
