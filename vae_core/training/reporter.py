"""What readers of a run see while it trains: its status, its records and, if somebody watches, previews."""

from __future__ import annotations

import time
from dataclasses import replace

from vae_core.storage import frames
from vae_core.storage.runs import Status
from vae_core.storage.states import State
from vae_core.training.clock import Interval, Stopwatch
from vae_core.training.loop import Trainer
from vae_core.training.sink import Sink

STATUS_SECONDS = 0.25
PREVIEW_SECONDS = 0.25
PREVIEW_SHARE = 100
"""A preview may take one part in so many of the training's time."""


class Reporter:
    """Writes the status and previews of one run, a few times a second at most.

    Attributes:
        status: the one written last, or the one found at the start.
        trainer: the training to report on; None until it is ready.
        stopwatch: seconds of training; runs only while steps are done.
        images: training images seen in that time.
    """

    def __init__(self, sink: Sink) -> None:
        self.status = sink.status
        self.trainer: Trainer | None = None
        self.stopwatch = Stopwatch()
        self.images = 0
        self._sink = sink
        self._status_interval = Interval(STATUS_SECONDS)
        self._preview_interval = Interval(PREVIEW_SECONDS)

    def write_status(self, state: str, message: str = "") -> None:
        """Writes the state, with a message for the user, and how far the training is."""
        values: dict[str, object] = {"state": state, "message": message, "heartbeat": self.status.heartbeat + 1}
        if state is State.RUNNING:
            values |= {"diverged_at": None, "was": ""}
        if self.trainer is not None:
            values |= self._progress(self.trainer)
        self.status = replace(self.status, **values)  # type: ignore[arg-type]
        self._sink.write_status(self.status)

    def _progress(self, trainer: Trainer) -> dict[str, object]:
        seconds = self.stopwatch.seconds
        return {
            "step": trainer.step,
            "total_steps": trainer.total_steps,
            "epoch": round(trainer.epoch, 4),
            "images_per_second": self.images / seconds if seconds > 0 and self.images else None,
            "seconds": round(seconds, 3),
            "notes": tuple(trainer.notes),
            "stalled": trainer.has_stalled,
            "best_step": trainer.best[0] if trainer.best else None,
        }

    def write_earlier_status(self, before: Status, message: str) -> None:
        """Writes the status of a run that could not be taken up: the one it had before, with a message."""
        heartbeat = self.status.heartbeat + 1
        self.status = replace(before, state=before.was or before.state, was=None, message=message, heartbeat=heartbeat)
        self._sink.write_status(self.status)

    def mark_divergence(self, step: int) -> None:
        """Has every status from now on name the step whose loss ended the training."""
        self.status = replace(self.status, diverged_at=step)

    def report_loading(self, what: str, share: float) -> None:
        """Reports progress in loading the data, if a status is due."""
        if self._status_interval.restart_if_due():
            self.write_status(State.RUNNING, message=f"{what}, {share:.0%}")

    def report(self, *, at_full_speed: bool) -> None:
        """Writes records, status and preview, as far as each is due.

        Args:
            at_full_speed: the training does not wait between steps, so that previews must not cost it much.
        """
        if self._status_interval.restart_if_due():
            self._sink.flush()
            self.write_status(State.RUNNING)
        if self._preview_interval.restart_if_due() and self._sink.is_watched():
            began = time.monotonic()
            self.write_preview()
            cost = PREVIEW_SHARE * (time.monotonic() - began) if at_full_speed else 0.0
            self._preview_interval.restart(max(PREVIEW_SECONDS, cost))

    def write_preview(self) -> None:
        if self.trainer is not None:
            self._sink.write_preview(frames.pack_frame(self.trainer.frame(with_log_variance=True)))
