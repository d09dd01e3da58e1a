"""The worker processes of a manager: one is kept warm, and one that is done with its run takes the next.

To import torch costs a worker seconds of a core, so a sweep's workers are not started anew for each of its runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vae_core.errors import LatentLabError
from vae_core.storage import files
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import Run

REWARM_SECONDS = 12.0
WORKER = [sys.executable, "-m", "vae_core.training.worker"]
Process = subprocess.Popen[bytes]


@dataclass(frozen=True, eq=False)
class PooledWorker:
    """A worker and the run that it has.

    Attributes:
        run: the run.
        process: the worker; it takes further runs as long as its standard input is open.
        again: it was there before this run; so if it died before it began, that says nothing against the run.
    """

    run: Run
    process: Process
    again: bool = False

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def is_free(self) -> bool:
        """It is done with its run, but for the figures perhaps, and can take another one."""
        if self.process.stdin is None or self.process.stdin.closed or files.is_locked(self.run.lock_path):
            return False
        try:
            return self.run.status().state not in ("queued", "running")
        except LatentLabError:  # removed or damaged; the lists of runs say so
            return True

    def stop(self) -> None:
        """It ends once it is done."""
        if self.process.stdin is not None:
            self.process.stdin.close()


class WorkerPool:
    """Starts workers; not safe to call from many threads at once.

    Args:
        data_dir: of the full datasets; None is the usual one.
    """

    def __init__(self, data_dir: Path | None = None) -> None:
        self.data_dir = data_dir.resolve() if data_dir else None  # workers have a working folder of their own
        self._idle: Process | None = None
        self._keeps_one = False
        self._handed_at = 0.0

    def warm(self) -> None:
        """Keeps one idle worker with torch imported, from now on."""
        self._keeps_one = True
        if not self._has_idle() and time.monotonic() - self._handed_at > REWARM_SECONDS:
            self._idle = self._popen(["--wait"], subprocess.DEVNULL)

    def keep(self, free: PooledWorker) -> bool:
        """Has a worker that is done with its run be the idle one; False where none is wanted, or there is one already."""
        if not self._keeps_one or self._has_idle():
            return False
        self._idle = free.process
        return True

    def _has_idle(self) -> bool:
        return self._idle is not None and self._idle.poll() is None

    def start(self, run: Run, free: Iterable[PooledWorker] = ()) -> PooledWorker:
        """Gives a run to the idle worker, else to one of the free ones, else to a new one.

        Raises:
            LatentLabError, OSError: no worker could be started.
        """
        idle, self._idle = self._idle, None
        if idle is not None and self._told(idle, run):
            self._handed_at = time.monotonic()
            return PooledWorker(run, idle, again=True)
        taker = next((worker for worker in free if self._told(worker.process, run)), None)
        return PooledWorker(run, taker.process, again=True) if taker else PooledWorker(run, self._launched(run))

    def close(self) -> None:
        """Ends the idle worker."""
        if self._idle is not None and self._idle.stdin is not None:
            self._idle.stdin.close()
            self._idle.terminate()  # it may be importing, or at figures that others will compute: nothing to save
            self._idle.wait(timeout=10)
        self._idle = None

    def _told(self, process: Process, run: Run) -> bool:
        """Hands a run over to a worker that waits or will; False where it is gone."""
        if process.poll() is not None or process.stdin is None:
            return False
        request = {"folder": str(run.folder.resolve()), "data_dir": str(self.data_dir) if self.data_dir else None}
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:  # it left between the two looks
            return False
        return True

    def _launched(self, run: Run) -> Process:
        log = files.log_descriptor(run.folder / "worker.log")
        options = ["--data-dir", str(self.data_dir)] if self.data_dir else []
        try:
            return self._popen([str(run.folder.resolve()), "--wait", *options], log)
        finally:
            os.close(log)

    @staticmethod
    def _popen(arguments: Sequence[str], output: int) -> Process:
        return subprocess.Popen(
            [*WORKER, *arguments],
            bufsize=0,  # what a gone worker did not take would be written once more when its pipe is closed
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=PROJECT_ROOT,
            start_new_session=True,
        )
