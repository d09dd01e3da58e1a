"""Drives the training loop for one run: hands what happens to a sink, and does what the pages want.

The worker process, the command line and a cluster's worker use the same driver, so a run looks the same whoever trains
it; where its results go is the sink's business (`sink.RunFolder` is the run's folder on this machine).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch

from vae_core.config import warnings_for
from vae_core.data import datasets
from vae_core.data.moved import load_for
from vae_core.errors import DiskError, Diverged, LatentLabError
from vae_core.evaluation.trained import load_weights
from vae_core.storage import frames
from vae_core.storage.runs import Control, Run, Status
from vae_core.training.loop import WARN_FACTOR, Event, Filmed, HeldOut, Stepped, Trainer, train
from vae_core.training.sink import RunFolder, Sink, Snapshot
from vae_core.training.snapshot import restore, snapshot, weights
from vae_core.types import Array

LOOK_SECONDS = 0.05
STATUS_SECONDS = 0.25
PREVIEW_SECONDS = 0.25
PREVIEW_SHARE = 100
CHECKPOINT_SECONDS = 10.0
IDLE_SECONDS = 900.0

OnEvent = Callable[[Event, Trainer], None]
Progress = Callable[[str, float], None]
Load = Callable[[Progress], datasets.Dataset]


@contextlib.contextmanager
def tiny_is_zero() -> Iterator[None]:
    """Within, float32 below 1.2e-38 is 0 (where the processor can), on this thread and those that it starts.

    The gradient of a weight whose pixel is dark for long is 0, so Adam's moving mean of it shrinks by a tenth a step and
    is subnormal after some 800 steps, for good. A processor takes many times as long for such a number, and it moves no
    weight. Threads that torch had started before keep their ways.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


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


def _load(run: Run | Sink, data_dir: Path | None, progress: Progress) -> datasets.Dataset:
    if isinstance(run, Run):
        return load_for(run, None, data_dir, progress)
    return datasets.load_dataset(run.config.data.dataset, data_dir, progress)


class Driver:
    """One run in one process. `drive()` trains until the end, a stop, or an error, and leaves the folder whole.

    Args:
        run: its folder, or another sink.
        data_dir: of the full datasets; None is the usual one.
        load: gives the dataset; left out, `datasets.load_dataset` does.
    """

    def __init__(
        self,
        run: Run | Sink,
        *,
        data_dir: Path | None = None,
        load: Load | None = None,
        on_event: OnEvent | None = None,
        progress: Progress | None = None,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.sink: Sink = RunFolder(run) if isinstance(run, Run) else run
        self.config = self.sink.config
        self.load = load or (lambda progress: _load(run, data_dir, progress))
        self.on_event = on_event
        self.progress = progress
        self.checkpoint_seconds = checkpoint_seconds
        self.idle_seconds = idle_seconds
        self.status = self.sink.status
        self.control = Control()
        self.stop_asked = False
        self.clock = Clock()
        self._sound: Snapshot | None = None
        """The newest step whose loss was as usual, to go back to; taken at held-out evaluations and checkpoints."""
        self._first_step, self._begun = 0, False
        self._images = 0
        self._next = {"look": 0.0, "status": 0.0, "preview": 0.0}
        self._next_checkpoint = time.monotonic() + checkpoint_seconds

    def drive(self) -> Status:
        """Trains, and returns how the run stands then.

        Raises:
            RunLocked: another process trains it.
            LatentLabError: the data, the disk or the checkpoint is at fault; the state says so as well.
        """
        with self.sink.held(), tiny_is_zero():
            return self._held_drive()

    def _held_drive(self) -> Status:
        before = self.status
        try:
            self._say("running", message="loading the data")
            self._forget_wants(before.state)
            self._prepare()
            return self._train()
        except DiskError as error:
            self._failed("paused", str(error), before)
            raise
        except LatentLabError as error:
            self._failed("failed", str(error), before)
            raise
        except Exception as error:
            self._failed("failed", f"{type(error).__name__}: {error}. The run's log has the details.", before)
            raise

    def _failed(self, state: str, message: str, before: Status) -> None:
        """How the run stands after an error: no worse than before if nothing had begun."""
        was = before.was or before.state
        if self._begun or was == "queued":
            self._say(state, message)
        else:
            self.status = replace(before, state=was, was="", message=message, heartbeat=self.status.heartbeat + 1)
            self.sink.say(self.status)

    def _prepare(self) -> None:
        """Everything before the first step: data, model, the newest whole checkpoint."""
        torch.set_num_threads(self.config.training.threads)
        self._dataset = self.load(self._loading)
        found = self._restore()
        # at step 0 training begins with an evaluation, which is recorded again
        length = int(found[1]["metrics_bytes"]) if found is not None and self.trainer.step else 0
        subjects = frames.pack_subjects(self.trainer.camera.subjects)
        self._first_step, self._begun = self.trainer.step, True
        self.sink.begin(self.trainer.step, length, subjects, self._identity())

    def _restore(self, before: int | None = None) -> Snapshot | None:
        """Goes to the newest checkpoint (of a step before that) whose loss is not beyond repair, else to the start.

        Returns:
            That checkpoint, or None at the start.
        """
        self.trainer = self._new_trainer()
        found = self.sink.newest(before)
        while found is not None:
            restore(self.trainer, *found)
            try:
                self._sound = found if self.trainer.check_weights() else None
                return found
            except Diverged:
                found = self.sink.newest(self.trainer.step)
                self.trainer = self._new_trainer()
        if (parent := self.sink.parent()) is not None:
            self._take_parent(parent)
        return None

    def _new_trainer(self) -> Trainer:
        trainer = Trainer(self.config, self._dataset)
        trainer.notes += warnings_for(self.config)
        return trainer

    def _take_parent(self, parent: dict[str, Array]) -> None:
        """Starts from another run's weights, and notes it if they are far worse than untrained ones."""
        trainer = self.trainer
        untrained = trainer.next_loss()
        load_weights(trainer.modules(), parent)
        loss = trainer.next_loss()
        if not loss - untrained <= WARN_FACTOR * trainer.scale_of(untrained):  # nor is NaN
            trainer.note(
                f"The weights it starts from are broken: {self.config.parent} gives a loss of {loss:.3g} nats per image, "
                f"untrained weights {untrained:.0f}; start from an earlier step."
            )

    def _identity(self) -> dict[str, object]:
        shape = list(self.trainer.images.shape[1:])
        return {"image_shape": shape, "dataset_sha256": self.trainer.dataset_digest}

    def _forget_wants(self, before: str) -> None:
        """What was wanted of an earlier process is no wish of today; of a queued run the wishes are for this one."""
        if before != "queued":
            self.sink.forget_wants()

    def _loading(self, what: str, share: float) -> None:
        if self.progress is not None:
            self.progress(what, share)
        if self._due("status", STATUS_SECONDS):
            self._say("running", message=f"{what}, {share:.0%}")

    def _train(self) -> Status:
        self._say("running")
        self._take_wants()
        self.clock.start()
        state = "done"
        try:
            for event in train(self.trainer):
                self._write(event)
                if isinstance(event, Stepped) and not self._between_steps():
                    state = "stopped"
                    break
            self.trainer.check_weights()  # no step looks at the loss of the last weights
        except Diverged as error:
            return self._diverged(error)
        return self._finish(state)

    def _diverged(self, error: Diverged) -> Status:
        """Goes back to the newest weights whose own loss was as usual, and ends there."""
        if self._sound is not None:
            restore(self.trainer, *self._sound)
        else:
            self._restore(before=self._first_step)
        self.sink.back_to(self.trainer.step)
        self.status = replace(self.status, diverged_at=error.step)
        step = self.trainer.step
        kept = (
            f"step {step:,}, the last known to be sound" if step else "step 0, as no later ones are known to be sound"
        )
        return self._finish("diverged", f"{error} The weights kept are those of {kept}.")

    def _write(self, event: Event) -> None:
        match event:
            case Stepped(record=record):
                self._images += self.trainer.images_in(self.trainer.step)
                if record is not None:
                    self.sink.add({**record, "seconds": round(self.clock.seconds, 4)})
            case HeldOut(record=record, best=best):
                if self.trainer.check_weights():
                    self._sound = snapshot(self.trainer)
                self.sink.add(record)
                if best and self.trainer.best is not None:
                    self.sink.best(*self.trainer.best, weights(self.trainer))
            case Filmed(frame=frame):
                self.sink.frame(frame.step, frames.pack_frame(frame))
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
        self.control = self.sink.wants() or self.control

    def _tell(self) -> None:
        """Status and records for readers; a preview where somebody watches."""
        if self._due("status", STATUS_SECONDS):
            self.sink.flush()
            self._say("running")
        if self._due("preview", PREVIEW_SECONDS) and self.sink.is_watched():
            began = time.monotonic()
            self._preview()
            # a large model's preview may cost more: it never takes more than a small share of the time
            cost = 0.0 if self.control.rate else PREVIEW_SHARE * (time.monotonic() - began)
            pause = max(PREVIEW_SECONDS, cost)
            self._next["preview"] = time.monotonic() + pause

    def _preview(self) -> None:
        self.sink.preview(frames.pack_frame(self.trainer.frame(spread=True)))

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
        if state == "running":
            values |= {"diverged_at": None, "was": ""}
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
        self.sink.say(self.status)

    def save(self) -> None:
        """A step checkpoint.

        Raises:
            Diverged: the loss of these weights is beyond repair; nothing was saved.
        """
        sound, taken = self.trainer.check_weights(), snapshot(self.trainer)
        self._sound = taken if sound else self._sound
        self.sink.save(self.trainer.step, lambda: taken)
        self._next_checkpoint = time.monotonic() + self.checkpoint_seconds

    def _finish(self, state: str, message: str = "") -> Status:
        """The last checkpoint and the final weights."""
        self.clock.stop()
        self.sink.finish(lambda: snapshot(self.trainer))
        self._preview()
        self._say(state, message)
        return self.status
