"""A stopwatch for the training time, and intervals for periodic work. Both are monotonic: a clock that is set does not
matter."""

from __future__ import annotations

import time


class Stopwatch:
    """Counts seconds while it runs."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Starts or continues; does nothing if it is running."""
        if self._since is None:
            self._since = time.monotonic()

    def stop(self) -> None:
        self._before, self._since = self.seconds, None

    @property
    def seconds(self) -> float:
        return self._before + (time.monotonic() - self._since if self._since is not None else 0.0)


class Interval:
    """Becomes due again some seconds after each restart.

    Args:
        seconds: length of an interval.
        due_now: whether it is due at once, instead of after one interval.
    """

    def __init__(self, seconds: float, *, due_now: bool = True) -> None:
        self.seconds = seconds
        self._next = time.monotonic() + (0.0 if due_now else seconds)

    def is_due(self) -> bool:
        return time.monotonic() >= self._next

    def restart(self, seconds: float | None = None) -> None:
        """Starts the next interval, of the given length if there is one, for this time only."""
        self._next = time.monotonic() + (self.seconds if seconds is None else seconds)

    def restart_if_due(self) -> bool:
        """Returns whether it was due, and then has started the next interval."""
        due = self.is_due()
        if due:
            self.restart()
        return due
