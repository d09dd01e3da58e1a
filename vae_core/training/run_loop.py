"""The loop of one run: trains, passes events to the sink, and between steps reads requests, reports and saves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vae_core.errors import Diverged
from vae_core.storage import frames
from vae_core.storage.runs import Status
from vae_core.storage.states import State
from vae_core.training.clock import Interval
from vae_core.training.loop import Event, FrameRecorded, Stepped, Trainer, Validated, train
from vae_core.training.recovery import Recovery
from vae_core.training.reporter import Reporter
from vae_core.training.requests import Requests
from vae_core.training.sink import Sink
from vae_core.training.snapshot import snapshot, weights

POLL_SECONDS = 0.05

OnEvent = Callable[[Event, Trainer], None]


@dataclass
class RunLoop:
    """A run that is being trained.

    Attributes:
        sink: where the results go.
        trainer: the training, at the step from which it continues.
        recovery, requests, reporter: the run's own.
        checkpoint_seconds: time between two checkpoints.
        idle_seconds: how long it stays paused before it ends, resumable.
        on_event: called with each event and the trainer, after the sink has the event.
    """

    sink: Sink
    trainer: Trainer
    recovery: Recovery
    requests: Requests
    reporter: Reporter
    checkpoint_seconds: float
    idle_seconds: float
    on_event: OnEvent | None = None

    def __post_init__(self) -> None:
        self._poll = Interval(POLL_SECONDS)
        self._checkpoint = Interval(self.checkpoint_seconds, due_now=False)

    def run(self) -> Status:
        """Trains until the end, a stop or a divergence, and returns the final status."""
        self.reporter.write_status(State.RUNNING)
        self.requests.read()
        self.reporter.stopwatch.start()
        state = State.DONE
        try:
            for event in train(self.trainer):
                self._store(event)
                if isinstance(event, Stepped) and not self._between_steps():
                    state = State.STOPPED
                    break
            self.trainer.check_weights()  # no step computes the loss of the last weights
        except Diverged as error:
            return self._go_back(error)
        return self._finish(state, self._why_early() if state is State.DONE else "")

    def _why_early(self) -> str:
        """A sentence, if the training ended before its last epoch."""
        trainer = self.trainer
        if not trainer.has_stalled or trainer.best is None or trainer.step == trainer.total_steps:
            return ""
        patience = trainer.config.training.patience
        return (
            f"Ended early, in epoch {trainer.epoch:.0f} of {trainer.config.training.epochs}: the target objective has not "
            f"improved for {patience:g} epochs, since step {trainer.best[0]:,}."
        )

    def _store(self, event: Event) -> None:
        match event:
            case Stepped(record=record):
                self.reporter.images += self.trainer.images_in(self.trainer.step)
                if record is not None:
                    self.sink.add_record({**record, "seconds": round(self.reporter.stopwatch.seconds, 4)})
            case Validated(record=record, is_best=is_best):
                self.recovery.keep_if_sound(self.trainer)
                self.sink.add_record(record)
                if is_best and self.trainer.best is not None:
                    self.sink.keep_best(*self.trainer.best, weights(self.trainer))
            case FrameRecorded(frame=frame):
                self.sink.add_frame(frame.step, frames.pack_frame(frame))
        if self.on_event is not None:
            self.on_event(event, self.trainer)

    def _between_steps(self) -> bool:
        """Reads requests, reports, pauses, waits and saves as needed. Returns False to end the training."""
        self._poll_if_due()
        while self._is_paused():
            self._pause()
        self._keep_to_rate()
        is_last = self.trainer.is_finished
        if self._checkpoint.is_due() and not is_last:
            self._save()
        return is_last or not self.requests.wants_stop

    def _poll_if_due(self) -> None:
        if self._poll.restart_if_due():
            self.requests.read()
            self.reporter.report(at_full_speed=not self.requests.has_rate)

    def _is_paused(self) -> bool:
        return not self.trainer.is_finished and self.requests.wants_pause(self.trainer.step)

    def _pause(self) -> None:
        """Saves and waits for the next request. After `idle_seconds` the run stops, and can be resumed."""
        self.reporter.stopwatch.stop()
        self._save()
        self.reporter.write_status(State.PAUSED)
        self.reporter.write_preview()
        leave = time.monotonic() + self.idle_seconds
        while self._is_paused():
            if time.monotonic() > leave:
                self.requests.stop()
            time.sleep(POLL_SECONDS)
            self.requests.read()
        if not self.requests.wants_stop:
            self.reporter.write_status(State.RUNNING)
        self.reporter.stopwatch.start()

    def _keep_to_rate(self) -> None:
        """Waits if steps come faster than requested, and keeps reading requests meanwhile."""
        wait = self.requests.seconds_per_step(self.trainer.step)
        if not wait:
            return
        due = time.monotonic() + wait
        self.reporter.stopwatch.stop()  # waiting is not training: the reported speed is that of the steps
        while (left := due - time.monotonic()) > 0 and not self.requests.wants_stop:
            time.sleep(min(left, POLL_SECONDS))
            self._poll_if_due()
        self.reporter.stopwatch.start()

    def _save(self) -> None:
        self.recovery.save(self.trainer)
        self._checkpoint.restart()

    def _go_back(self, error: Diverged) -> Status:
        """Ends the run with the newest weights whose own loss was as usual."""
        self.trainer = self.reporter.trainer = self.recovery.go_back(self.trainer)
        step = self.trainer.step
        self.sink.drop_after(step)
        self.reporter.mark_divergence(error.step)
        kept = (
            f"step {step:,}, the last known to be sound" if step else "step 0, as no later ones are known to be sound"
        )
        return self._finish(State.DIVERGED, f"{error} The weights kept are those of {kept}.")

    def _finish(self, state: str, message: str = "") -> Status:
        """Saves the last checkpoint and the final weights."""
        self.reporter.stopwatch.stop()
        self.sink.finish(snapshot(self.trainer))
        self.reporter.write_preview()
        self.reporter.write_status(state, message)
        return self.reporter.status
