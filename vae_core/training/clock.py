"""Training time, and things that happen at most every so many seconds. Both monotonic: no jump of a clock matters."""

from __future__ import annotations

import time


class Stopwatch:
    """Counts seconds while it runs."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Runs on; does nothing if it is running."""
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
        seconds: its length.
        due_now: whether it is due at once, or after one interval.
    """

    def __init__(self, seconds: float, *, due_now: bool = True) -> None:
        self.seconds = seconds
        self._next = time.monotonic() + (0.0 if due_now else seconds)

    def is_due(self) -> bool:
        return time.monotonic() >= self._next

    def restart(self, seconds: float | None = None) -> None:
        """Starts the next interval, once of another length if given."""
        self._next = time.monotonic() + (self.seconds if seconds is None else seconds)

    def restart_if_due(self) -> bool:
        """Whether it was due; if so the next interval has started."""
        due = self.is_due()
        if due:
            self.restart()
        return due
