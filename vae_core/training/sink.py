"""Where a training's results go. The driver produces them; a sink keeps them.

`RunFolder` writes them into the run's folder. A training on another machine has a sink that sends them, and the side
that handed it over plays them to a `RunFolder` of its own, so that a folder has one writer and looks the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

import filelock

from vae_core.config import RunConfig
from vae_core.errors import RunLocked, RunNotFound
from vae_core.storage import checkpoints, files, frames
from vae_core.storage.lookup import open_anywhere
from vae_core.storage.records import MetricsWriter, Record
from vae_core.storage.runs import Control, Run, Status
from vae_core.types import Array

LOCK_SECONDS = 2.0

Snapshot = tuple[dict[str, Array], dict[str, Any]]
"""Weights and optimizer, and the record beside them, as from `snapshot.snapshot`."""


class Sink(Protocol):
    """What a driver asks of the place where its results go.

    Attributes:
        config: of the run.
        status: how it stood before.
    """

    config: RunConfig
    status: Status

    def held(self) -> AbstractContextManager[None]:
        """Keeps others away while it trains."""

    def newest(self, before: int | None = None) -> Snapshot | None:
        """The newest whole checkpoint, or the newest one of a step before that."""

    def parent(self) -> dict[str, Array] | None:
        """The weights that the run starts from, of another one."""

    def begin(self, step: int, length: int, subjects: bytes, identity: dict[str, Any]) -> None:
        """Goes back to a checkpoint's step, 0 without one, and drops what came after it.

        Args:
            step, length: of the checkpoint, with the bytes of records that it counted.
            subjects: of the film, packed.
            identity: what one needs to know of weights that stand alone, but the step.
        """

    def add(self, record: Record) -> None:
        """Takes a record; readers see it after the next `flush`."""

    def frame(self, step: int, content: bytes) -> None:
        """Takes a packed frame of the film."""

    def preview(self, content: bytes) -> None:
        """Takes a packed frame for the page that is watching."""

    def best(self, step: int, target: float, tensors: dict[str, Array]) -> None:
        """Takes the best weights so far; they are kept with the next checkpoint."""

    def flush(self) -> None:
        """Has readers see all records."""

    def back_to(self, step: int) -> None:
        """Drops the records, frames and weights of later steps."""

    def say(self, status: Status) -> None:
        """Tells how the run stands."""

    def save(self, step: int, take: Callable[[], Snapshot]) -> None:
        """A checkpoint of this step."""

    def finish(self, take: Callable[[], Snapshot] | None) -> None:
        """The last checkpoint, the final and the best weights; with None those of the last checkpoint stay."""

    def wants(self) -> Control | None:
        """What is wanted of the run, or None where that is as before."""

    def forget_wants(self) -> None:
        """Wants nothing but to run."""

    def is_watched(self) -> bool:
        """Whether somebody looks at the previews."""


class RunFolder:
    """The sink on this machine's disk: the only writer of a run's results."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.config = run.config
        self.status = replace(run.status(), cluster="")
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
    def held(self) -> Iterator[None]:
        """The run's lock.

        Raises:
            RunLocked: another process trains it, or has trained it to its end while this one waited.
            RunStateError: it keeps only its final weights.
        """
        try:
            with files.lock(self.run.lock_path, timeout=LOCK_SECONDS):
                checkpoints.check_resumable(self.run.folder)
                if self.status.state != "done" and self.run.is_finished():
                    raise RunLocked(f"The run {self.run.id!r} was trained by another process meanwhile.")
                yield
        except filelock.Timeout as error:
            raise RunLocked(f"The run {self.run.id!r} is being trained by another process; stop that first.") from error

    def newest(self, before: int | None = None) -> Snapshot | None:
        return checkpoints.load_newest(self.run.folder, before)

    def parent(self) -> dict[str, Array] | None:
        if not self.config.parent:
            return None
        parent_id, step = self.config.parent.split("@")
        return checkpoints.load_step(open_anywhere(self.run.folder.parent, parent_id).folder, int(step))[0]

    def begin(self, step: int, length: int, subjects: bytes, identity: dict[str, Any]) -> None:
        folder = self.run.folder
        for place in (folder, folder / "film"):
            files.sweep_temporaries(place)
        self._identity, self._best, self._best_step = identity, None, None
        self.metrics.cut(length)
        checkpoints.drop_after(folder, step)
        for suffix in (".json", ".safetensors"):  # the final weights of an earlier end, which are a step's as well
            files.remove(folder / f"model{suffix}")
        files.make_folder(folder / "film")
        files.write_atomic(folder / "film" / "subjects.npz", subjects)

    def add(self, record: Record) -> None:
        self.metrics.add(record)

    def frame(self, step: int, content: bytes) -> None:
        path = self.run.folder / "film" / frames.frame_name(step)
        if not path.exists():  # a resumed run films the same again
            files.write_atomic(path, content, durable=False)

    def preview(self, content: bytes) -> None:
        files.write_atomic(self.run.folder / "preview.npz", content, durable=False)

    def best(self, step: int, target: float, tensors: dict[str, Array]) -> None:
        self._best = step, target, tensors

    def flush(self) -> None:
        self.metrics.flush()

    def back_to(self, step: int) -> None:
        self.metrics.cut_after(step)
        frames.drop_after(self.run.folder, step)
        checkpoints.drop_after(self.run.folder, step)
        if self._best is not None and self._best[0] > step:
            self._best = None

    def say(self, status: Status) -> None:
        self.status = status
        self._best_step = status.best_step
        self.run.write_status(status)

    def save(self, step: int, take: Callable[[], Snapshot]) -> None:
        """Records first, then the best, then the step, and only then are older ones dropped."""
        folder, length = self.run.folder, self.metrics.sync()
        if self._best is not None:
            best, target, tensors = self._best
            checkpoints.save(
                folder, checkpoints.best_name(best), tensors, {"step": best, **self._identity, "target": target}
            )
            self._best, self._best_step = None, best
        if step not in checkpoints.steps(folder):
            tensors, record = take()
            checkpoints.save(folder, checkpoints.step_name(step), tensors, {**record, "metrics_bytes": length})
        checkpoints.prune(folder)
        if self._best_step is not None:
            checkpoints.drop_best(folder, keep=checkpoints.best_name(self._best_step))

    def finish(self, take: Callable[[], Snapshot] | None) -> None:
        if take is not None:
            tensors, record = take()
            self.save(int(record["step"]), lambda: (tensors, record))
            final = {name: value for name, value in tensors.items() if not name.startswith("optimizer.")}
            checkpoints.save(self.run.folder, "model", final, {"step": record["step"], **self._identity})
        checkpoints.publish_best(self.run.folder)
        self.close()

    def close(self) -> None:
        """Lets go of the file of records; what waits is written."""
        if self._metrics is not None:
            self._metrics.close()
            self._metrics = None

    def wants(self) -> Control | None:
        path = self.run.folder / "control.json"
        try:
            found = path.stat()
        except FileNotFoundError:
            if not self.run.folder.is_dir():
                raise RunNotFound(f"The run {self.run.id!r} was removed while it was being trained.") from None
            return None
        stamp = (found.st_mtime_ns, found.st_ino)  # two writes may fall into one tick of the disk's clock
        if stamp == self._control_stamp:
            return None
        self._control_stamp = stamp
        return self.run.control()

    def forget_wants(self) -> None:
        if self.run.control() != Control():
            self.run.write_control(Control())

    def is_watched(self) -> bool:
        return self.run.is_watched()
