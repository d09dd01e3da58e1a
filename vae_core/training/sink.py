"""Where the results of a training go. The driver produces them, a sink stores them.

`RunFolder` writes them to the run's folder. A training on another machine has a sink that sends them. The side that
handed it over plays them to a `RunFolder` of its own, so a folder always has one writer and looks the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

import filelock

from vae_core.config import RunConfig
from vae_core.errors import RunLocked, RunNotFound
from vae_core.storage import checkpoints, files, frames
from vae_core.storage.find_runs import open_anywhere
from vae_core.storage.records import MetricsWriter, Record
from vae_core.storage.runs import Control, Run, Status
from vae_core.storage.states import State
from vae_core.types import Array

LOCK_SECONDS = 2.0

Snapshot = tuple[dict[str, Array], dict[str, Any]]
"""Named arrays of weights and optimizer, and the JSON record beside them, as returned by `snapshot.snapshot`."""


class Sink(Protocol):
    """What a driver needs from the place where its results go.

    Attributes:
        config: the run's configuration.
        status: the run's status before this training.
    """

    config: RunConfig
    status: Status

    def lock_run(self) -> AbstractContextManager[None]:
        """Keeps other processes from training the run meanwhile."""

    def newest_checkpoint(self, before: int | None = None) -> Snapshot | None:
        """The newest complete checkpoint (of a step below `before`), or None."""

    def parent_weights(self) -> dict[str, Array] | None:
        """The weights of another run that this one starts from, by name, or None."""

    def begin(self, step: int, length: int, subjects: bytes, identity: dict[str, Any]) -> None:
        """Goes back to a checkpoint and drops what came after it.

        Args:
            step: the checkpoint's step; 0 without one.
            length: bytes of `metrics.jsonl` at that checkpoint.
            subjects: what the film shows, packed.
            identity: what is stored with weights besides their step: image shape and hash of the dataset.
        """

    def add_record(self, record: Record) -> None:
        """Takes a record; readers see it after the next `flush`."""

    def add_frame(self, step: int, content: bytes) -> None:
        """Takes a packed frame of the film."""

    def write_preview(self, content: bytes) -> None:
        """Takes a packed frame for the page that is watching."""

    def keep_best(self, step: int, target: float, tensors: dict[str, Array]) -> None:
        """Takes the best weights so far; they are saved with the next checkpoint."""

    def flush(self) -> None:
        """Makes all records visible to readers."""

    def drop_after(self, step: int) -> None:
        """Drops the records, frames and weights of later steps."""

    def write_status(self, status: Status) -> None:
        """Writes the run's status."""

    def save_checkpoint(self, snapshot: Snapshot) -> None:
        """Saves a checkpoint of the snapshot's step."""

    def finish(self, snapshot: Snapshot | None) -> None:
        """Saves the last checkpoint, the final and the best weights; None keeps those of the last checkpoint."""

    def read_requests(self) -> Control | None:
        """What is requested of the run, or None if that has not changed."""

    def clear_requests(self) -> None:
        """Drops all requests: the run is to go on."""

    def is_watched(self) -> bool:
        """Whether anyone looks at the previews."""


class RunFolder:
    """The sink on this machine's disk, and the only writer of the run's results.

    Args:
        run: its folder.
        lock_seconds: how long to wait for another process that holds the run.
    """

    def __init__(self, run: Run, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self.run = run
        self.lock_seconds = lock_seconds
        self.config = run.config
        self.status = replace(run.status(), cluster="", scheduler_lost=False)
        self._metrics: MetricsWriter | None = None
        self._identity: dict[str, Any] = {}
        self._best: tuple[int, float, dict[str, Array]] | None = None
        self._best_step: int | None = None
        self._control_stamp = (0, 0)

    @property
    def metrics(self) -> MetricsWriter:
        if self._metrics is None:
            self._metrics = MetricsWriter(self.run.folder / "metrics.jsonl")
        return self._metrics

    @contextlib.contextmanager
    def lock_run(self) -> Iterator[None]:
        """Holds the run's lock.

        Raises:
            RunLocked: another process is training the run, or trained it to its end while this one waited.
            RunStateError: the run keeps only its final weights.
        """
        try:
            with files.lock(self.run.lock_path, timeout=self.lock_seconds):
                checkpoints.check_resumable(self.run.folder)
                if self.status.state is not State.DONE and self.run.is_finished():
                    raise RunLocked(f"The run {self.run.id!r} was trained by another process meanwhile.")
                yield
        except filelock.Timeout as error:
            raise RunLocked(f"The run {self.run.id!r} is being trained by another process; stop that first.") from error

    def newest_checkpoint(self, before: int | None = None) -> Snapshot | None:
        return checkpoints.load_newest(self.run.folder, before)

    def parent_weights(self) -> dict[str, Array] | None:
        if not self.config.parent:
            return None
        parent_id, step = self.config.parent.split("@")
        return checkpoints.load_step(open_anywhere(self.run.folder.parent, parent_id).folder, int(step))[0]

    def begin(self, step: int, length: int, subjects: bytes, identity: dict[str, Any]) -> None:
        folder = self.run.folder
        for path in (folder, folder / "film"):
            files.sweep_temporaries(path)
        self._identity, self._best, self._best_step = identity, None, None
        self.metrics.cut(length)
        checkpoints.drop_after(folder, step)
        for suffix in (".json", ".safetensors"):  # final weights of an earlier end; they are kept as a step too
            files.remove(folder / f"model{suffix}")
        files.make_folder(folder / "film")
        files.write_atomic(folder / "film" / "subjects.npz", subjects)

    def add_record(self, record: Record) -> None:
        self.metrics.add(record)

    def add_frame(self, step: int, content: bytes) -> None:
        path = self.run.folder / "film" / frames.frame_name(step)
        if not path.exists():  # a resumed run records the same frames again
            files.write_atomic(path, content, durable=False)

    def write_preview(self, content: bytes) -> None:
        files.write_atomic(self.run.folder / "preview.npz", content, durable=False)

    def keep_best(self, step: int, target: float, tensors: dict[str, Array]) -> None:
        self._best = step, target, tensors

    def flush(self) -> None:
        self.metrics.flush()

    def drop_after(self, step: int) -> None:
        self.metrics.cut_after(step)
        frames.drop_after(self.run.folder, step)
        checkpoints.drop_after(self.run.folder, step)
        if self._best is not None and self._best[0] > step:
            self._best = None

    def write_status(self, status: Status) -> None:
        self.status = status
        self._best_step = status.best_step
        self.run.write_status(status)

    def save_checkpoint(self, snapshot: Snapshot) -> None:
        """Writes records first, then the best weights, then the step. Only then are older steps dropped."""
        folder, length = self.run.folder, self.metrics.sync()
        tensors, record = snapshot
        step = int(record["step"])
        if self._best is not None:
            best, target, best_tensors = self._best
            checkpoints.save(
                folder, checkpoints.best_name(best), best_tensors, {"step": best, **self._identity, "target": target}
            )
            self._best, self._best_step = None, best
        if step not in checkpoints.steps(folder):
            checkpoints.save(folder, checkpoints.step_name(step), tensors, {**record, "metrics_bytes": length})
        checkpoints.prune(folder)
        if self._best_step is not None:
            checkpoints.drop_best(folder, keep=checkpoints.best_name(self._best_step))

    def finish(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            self.save_checkpoint(snapshot)
            tensors, record = snapshot
            final = {name: value for name, value in tensors.items() if not name.startswith("optimizer.")}
            checkpoints.save(self.run.folder, "model", final, {"step": record["step"], **self._identity})
        checkpoints.publish_best(self.run.folder)
        self.close()

    def close(self) -> None:
        """Writes the buffered records and closes their file."""
        if self._metrics is not None:
            self._metrics.close()
            self._metrics = None

    def read_requests(self) -> Control | None:
        path = self.run.folder / "control.json"
        try:
            stat = path.stat()
        except FileNotFoundError:
            if not self.run.folder.is_dir():
                raise RunNotFound(f"The run {self.run.id!r} was removed while it was being trained.") from None
            return None
        stamp = (stat.st_mtime_ns, stat.st_ino)  # two writes may fall into one tick of the disk's clock
        if stamp == self._control_stamp:
            return None
        self._control_stamp = stamp
        return self.run.control()

    def clear_requests(self) -> None:
        if self.run.control() != Control():
            self.run.write_control(Control())

    def is_watched(self) -> bool:
        return self.run.is_watched()
