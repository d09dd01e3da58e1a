"""Requests to a run, obeyed between two steps: pause, continue, limit the speed, stop."""

from __future__ import annotations

from vae_core.storage.runs import Control
from vae_core.training.sink import Sink


class Requests:
    """Reads a run's requests from its sink (`control.json` in a run folder). Cheap if nothing has changed.

    `stop` adds the one request that may come from this process itself: a signal, or a pause that lasted too long.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._control = Control()
        self._stop = False

    def read(self) -> None:
        self._control = self._sink.read_requests() or self._control

    def clear(self) -> None:
        """Drops the requests that were meant for an earlier process."""
        self._sink.clear_requests()

    def stop(self) -> None:
        """Requests a stop; safe in a signal handler."""
        self._stop = True

    @property
    def wants_stop(self) -> bool:
        return self._stop or self._control.want == "stop"

    def wants_pause(self, step: int) -> bool:
        """Whether to pause after this step. A stop comes first."""
        until = self._control.step_until
        return not self.wants_stop and (self._control.want == "pause" or (until is not None and step >= until))

    @property
    def has_rate(self) -> bool:
        """Whether the training is slowed down to a number of steps per second."""
        return bool(self._control.rate)

    def seconds_per_step(self, step: int) -> float:
        """How long the next step has to take at least; 0 at full speed."""
        rate, until = self._control.rate, self._control.rate_until
        return 0.0 if not rate or (until is not None and step >= until) else 1.0 / rate
