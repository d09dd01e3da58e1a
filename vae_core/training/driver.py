"""Drives the training loop for one run folder: writes what happens, and does what the pages want.

The worker process and the command line use the same driver, so a run looks the same whoever trains it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import filelock
import numpy as np
import torch

from vae_core.config import warnings_for
from vae_core.data import datasets
from vae_core.errors import DiskError, Diverged, LatentLabError, RunLocked, RunNotFound
from vae_core.evaluation.trained import load_weights
from vae_core.storage import checkpoints, files, frames
from vae_core.storage.arrays import Array
from vae_core.storage.metrics import MetricsWriter
from vae_core.storage.runs import Control, Run, Status, open_run
from vae_core.training.loop import Event, Filmed, HeldOut, Stepped, Trainer, train
from vae_core.training.snapshot import restore, snapshot, weights

LOOK_SECONDS = 0.05
STATUS_SECONDS = 0.25
PREVIEW_SECONDS = 0.25
PREVIEW_SHARE = 100
CHECKPOINT_SECONDS = 10.0
IDLE_SECONDS = 900.0
LOCK_SECONDS = 2.0

OnEvent = Callable[[Event, Trainer], None]
Progress = Callable[[str, float], None]


class Clock:
    """Seconds of training since the first step of this process; pauses do not count. Monotonic, so never negative."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    def start(self) -> None:
        if self._since is None:
            self._since = time.monotonic()

    def stop(self) -> None:
        self._before, self._since = self.seconds, None

    @property
    def seconds(self) -> float:
        return self._before + (time.monotonic() - self._since if self._since is not None else 0.0)


class Driver:
    """One run in one process. `drive()` trains until the end, a stop, or an error, and leaves the folder whole."""

    def __init__(
        self,
        run: Run,
        *,
        data_dir: Path | None = None,
        on_event: OnEvent | None = None,
        progress: Progress | None = None,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.run = run
        self.data_dir = data_dir
        self.on_event = on_event
        self.progress = progress
        self.checkpoint_seconds = checkpoint_seconds
        self.idle_seconds = idle_seconds
        self.status = run.status()
        self.control = Control()
        self.stop_asked = False
        self.clock = Clock()
        self._images = 0
        self._control_stamp = (0, 0)
        self._next = {"look": 0.0, "status": 0.0, "preview": 0.0}
        self._next_checkpoint = time.monotonic() + checkpoint_seconds
        self._best: dict[str, Array] | None = None

    def drive(self) -> Status:
        """Trains, and returns how the run stands then.

        Raises:
            RunLocked: another process trains it.
            LatentLabError: the data, the disk or the checkpoint is at fault; the state says so as well.
        """
        try:
            with files.lock(self.run.lock_path, timeout=LOCK_SECONDS):
                return self._locked()
        except filelock.Timeout as error:
            raise RunLocked(f"The run {self.run.id!r} is being trained by another process; stop that first.") from error

    def _locked(self) -> Status:
        checkpoints.check_resumable(self.run.folder)
        before = self.status.state
        try:
            self._say("running", message="loading the data")
            self._forget_wants(before)
            self._prepare()
            return self._train()
        except DiskError as error:
            self._say("paused", message=str(error))
            raise
        except LatentLabError as error:
            self._say("failed", message=str(error))
            raise
        except Exception as error:
            self._say("failed", message=f"{type(error).__name__}: {error}. The run's log has the details.")
            raise

    def _prepare(self) -> None:
        """Everything before the first step: leftovers swept, data, model, the newest whole checkpoint."""
        run = self.run
        for folder in (run.folder, run.folder / "film"):
            files.sweep_temporaries(folder)
        torch.set_num_threads(run.config.training.threads)
        dataset = datasets.load(run.config.data.dataset, self.data_dir, self._loading)
        self.trainer = Trainer(run.config, dataset)
        self.trainer.notes += warnings_for(run.config)
        found = checkpoints.load_newest(run.folder)
        self.metrics = MetricsWriter(run.folder / "metrics.jsonl")
        if found is not None:
            restore(self.trainer, *found)
            self.metrics.cut(int(found[1]["metrics_bytes"]))
        else:
            self.metrics.cut(0)
            self._start_from_parent()
        checkpoints.drop_after(run.folder, self.trainer.step)
        for suffix in (".json", ".safetensors"):  # the final weights of an earlier end, which are a step's as well
            files.remove(run.folder / f"model{suffix}")
        files.make_folder(run.folder / "film")
        subjects = frames.pack_subjects(self.trainer.camera.subjects)
        files.write_atomic(run.folder / "film" / "subjects.npz", subjects)

    def _start_from_parent(self) -> None:
        if self.run.config.parent:
            parent_id, step = self.run.config.parent.split("@")
            parent = open_run(self.run.folder.parent, parent_id)
            tensors, _ = checkpoints.load_step(parent.folder, int(step))
            load_weights(self.trainer.modules(), tensors)

    def _forget_wants(self, before: str) -> None:
        """What was wanted of an earlier process is no wish of today; of a queued run the wishes are for this one."""
        if before != "queued" and self.run.control() != Control():
            self.run.write_control(Control())

    def _loading(self, what: str, share: float) -> None:
        if self.progress is not None:
            self.progress(what, share)
        if self._due("status", STATUS_SECONDS):
            self._say("running", message=f"{what}, {share:.0%}")

    def _train(self) -> Status:
        trainer = self.trainer
        self._say("running")
        self._take_wants()
        self.clock.start()
        try:
            for event in train(trainer):
                self._write(event)
                if isinstance(event, Stepped) and not self._between_steps():
                    return self._finish("stopped")
        except Diverged as error:
            self.metrics.flush()
            return self._finish("diverged", str(error))
        return self._finish("done")

    def _write(self, event: Event) -> None:
        match event:
            case Stepped(record=record):
                self._images += self.trainer.images_in(self.trainer.step)
                if record is not None:
                    self.metrics.add({**record, "seconds": round(self.clock.seconds, 4)})
            case HeldOut(record=record, best=best):
                self.metrics.add(record)
                if best:
                    self._best = weights(self.trainer)
            case Filmed(frame=frame):
                path = self.run.folder / "film" / frames.frame_name(frame.step)
                if not path.exists():  # a resumed run films the same again
                    files.write_atomic(path, frames.pack_frame(frame), durable=False)
        if self.on_event is not None:
            self.on_event(event, self.trainer)

    def _between_steps(self) -> bool:
        """Looks, tells, saves, waits where that is wanted; False ends the training."""
        step = self.trainer.step
        if self._due("look", LOOK_SECONDS):
            self._take_wants()
            self._tell()
        while self._held(step):
            self._hold()
        self._slow_down(step)
        if time.monotonic() >= self._next_checkpoint and step < self.trainer.total_steps:
            self.save()
        return step == self.trainer.total_steps or not self._wants_stop()

    def _wants_stop(self) -> bool:
        return self.stop_asked or self.control.want == "stop"

    def _held(self, step: int) -> bool:
        until = self.control.step_until
        paused = self.control.want == "pause" or (until is not None and step >= until)
        return paused and step < self.trainer.total_steps and not self._wants_stop()

    def _hold(self) -> None:
        """Pauses: saves, then waits for another wish; after some idle minutes the process leaves the run resumable."""
        self.clock.stop()
        self.save()
        self._say("paused")
        self._preview()
        step, leave = self.trainer.step, time.monotonic() + self.idle_seconds
        while self._held(step):
            if time.monotonic() > leave:
                self.stop_asked = True
            time.sleep(LOOK_SECONDS)
            self._take_wants()
        if not self._wants_stop():
            self._say("running")
        self.clock.start()

    def _slow_down(self, step: int) -> None:
        """Keeps to the wanted rate, still looking while it waits."""
        rate, until = self.control.rate, self.control.rate_until
        if not rate or (until is not None and step >= until):
            return
        due = time.monotonic() + 1.0 / rate
        self.clock.stop()  # waiting is no training: the speed that is told is that of the steps
        while (left := due - time.monotonic()) > 0 and not self._wants_stop():
            time.sleep(min(left, LOOK_SECONDS))
            if self._due("look", LOOK_SECONDS):
                self._take_wants()
                self._tell()
        self.clock.start()

    def _take_wants(self) -> None:
        path = self.run.folder / "control.json"
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)  # two writes may fall into one tick of the disk's clock
            if stamp != self._control_stamp:
                self.control, self._control_stamp = self.run.control(), stamp
        except FileNotFoundError:
            if not self.run.folder.is_dir():
                raise RunNotFound(f"The run {self.run.id!r} was removed while it was being trained.") from None

    def _tell(self) -> None:
        """Status and records for readers; a preview where somebody watches."""
        if self._due("status", STATUS_SECONDS):
            self.metrics.flush()
            self._say("running")
        if self._due("preview", PREVIEW_SECONDS) and self.run.is_watched():
            began = time.monotonic()
            self._preview()
            # a large model's preview may cost more: it never takes more than a small share of the time
            cost = 0.0 if self.control.rate else PREVIEW_SHARE * (time.monotonic() - began)
            pause = max(PREVIEW_SECONDS, cost)
            self._next["preview"] = time.monotonic() + pause

    def _preview(self) -> None:
        content = frames.pack_frame(self.trainer.frame(spread=True))
        files.write_atomic(self.run.folder / "preview.npz", content, durable=False)

    def _due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._next[what]:
            return False
        self._next[what] = now + seconds
        return True

    def _say(self, state: str, message: str = "") -> None:
        trainer = getattr(self, "trainer", None)
        seconds = self.clock.seconds
        values: dict[str, object] = {"state": state, "message": message, "heartbeat": self.status.heartbeat + 1}
        if trainer is not None:
            values |= {
                "step": trainer.step,
                "total_steps": trainer.total_steps,
                "epoch": round(trainer.epoch, 4),
                "images_per_second": self._images / seconds if seconds > 0 and self._images else None,
                "seconds": round(seconds, 3),
                "notes": tuple(trainer.notes),
                "best_step": trainer.best[0] if trainer.best else None,
            }
        self.status = replace(self.status, **values)  # type: ignore[arg-type]
        self.run.write_status(self.status)

    def save(self) -> None:
        """A step checkpoint: records first, then the best, then the step, and only then are older ones dropped."""
        trainer, folder = self.trainer, self.run.folder
        length = self.metrics.sync()
        if self._best is not None and trainer.best is not None:
            step, target = trainer.best
            checkpoints.save(
                folder, checkpoints.best_name(step), self._best, {**self._identity(step), "target": target}
            )
            self._best = None
        if trainer.step not in checkpoints.steps(folder):
            tensors, record = snapshot(trainer)
            checkpoints.save(folder, checkpoints.step_name(trainer.step), tensors, {**record, "metrics_bytes": length})
        checkpoints.prune(folder)
        if trainer.best is not None:
            checkpoints.drop_best(folder, keep=checkpoints.best_name(trainer.best[0]))
        self._next_checkpoint = time.monotonic() + self.checkpoint_seconds

    def _identity(self, step: int) -> dict[str, object]:
        """What one needs to know of weights that stand alone."""
        shape = list(self.trainer.images.shape[1:])
        return {"step": step, "image_shape": shape, "dataset_sha256": self.trainer.dataset_digest}

    def _finish(self, state: str, message: str = "") -> Status:
        """The last checkpoint and the final weights; a diverged run keeps those of its last checkpoint."""
        self.clock.stop()
        final = weights(self.trainer)
        if all(np.isfinite(value).all() for value in final.values()):
            self.save()
            checkpoints.save(self.run.folder, "model", final, self._identity(self.trainer.step))
        checkpoints.publish_best(self.run.folder)
        self.metrics.close()
        self._preview()
        self._say(state, message)
        return self.status
