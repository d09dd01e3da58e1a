"""Ctrl-C: a command saves its work first; then the signal ends the process as if it had not been caught.

A shell that runs commands in a loop checks how each command ended, and leaves the loop only if it was a signal.
See "Proper handling of SIGINT/SIGQUIT", https://www.cons.org/cracauer/sigint.html.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupts:
    """Records the first signal that asks the process to end. A second one ends it at once.

    Args:
        on_first: called on the first signal, from within its handler.
    """

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        self.received: int | None = None
        self._on_first = on_first
        self._before: dict[int, Any] = {}
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):  # Windows has no SIGHUP
            self._before[number] = signal.signal(number, self._take)

    def _take(self, number: int, _: object) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        self._on_first()

    def release(self) -> None:
        """Puts the handlers back that were there before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end(self) -> None:
        """Ends the process by the recorded signal; returns if there was none."""
        if self.received is not None:
            end_by(self.received)


def end_by(number: int) -> NoReturn:
    """Ends the process by this signal, after flushing what was printed."""
    sys.stdout.flush()
    sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    raise SystemExit(128 + number)  # if the signal is blocked
