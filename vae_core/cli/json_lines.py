"""`--json-lines`: a command reports its progress, its result and its error on standard output, one JSON object per line.

`vae_core.jobs` describes the objects. The process ends as soon as nobody reads its output any more.
"""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import sys
import threading
import time
from typing import Any

from vae_core.errors import LatentLabError
from vae_core.storage.files import finite

INTERVAL_SECONDS = 0.1
_is_on = False


def is_on() -> bool:
    """Whether the command of this process reports in JSON lines."""
    return _is_on


def switch(on: bool) -> None:
    """Switches JSON lines on or off for the commands of this process."""
    global _is_on
    _is_on = on
    if on and hasattr(select, "poll") and stat.S_ISFIFO(os.fstat(1).st_mode):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        threading.Thread(target=_end_without_reader, name="reader", daemon=True).start()


def _end_without_reader() -> None:
    """Ends this process when the reader of its standard output closes the pipe, even if it has nothing to write."""
    poller = select.poll()
    poller.register(1, 0)  # reports only errors: for a pipe, that its reader is gone
    poller.poll()
    os.kill(os.getpid(), signal.SIGPIPE)


def write_result(result: dict[str, Any]) -> None:
    _write({"result": finite(result)})


def write_error(error: LatentLabError) -> None:
    _write({"error": type(error).__name__, "message": str(error)})


class ProgressWriter:
    """Writes progress, at most ten times a second."""

    def __init__(self) -> None:
        self._written = -INTERVAL_SECONDS

    def __call__(self, what: str, share: float) -> None:
        if share >= 1 or time.monotonic() - self._written >= INTERVAL_SECONDS:
            self._written = time.monotonic()
            _write({"progress": what, "share": min(max(share, 0.0), 1.0)})


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, allow_nan=False) + "\n")
    sys.stdout.flush()
