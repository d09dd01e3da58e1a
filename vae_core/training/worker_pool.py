"""The worker processes of a manager: one is kept warm, and one that has finished its run takes the next.

Importing torch costs a worker seconds of CPU time, so the workers of a sweep are reused for its further runs.
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
WORKER_COMMAND = (sys.executable, "-m", "vae_core.training.worker")
Process = subprocess.Popen[bytes]


@dataclass(frozen=True, eq=False)
class PooledWorker:
    """A worker process and its run.

    Attributes:
        run: the run it was given last.
        process: the worker; it takes further runs as long as its standard input is open.
        was_reused: the process is older than this run. If it dies before it begins, the run is not to blame.
    """

    run: Run
    process: Process
    was_reused: bool = False

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def is_free(self) -> bool:
        """Whether it has finished its run, except perhaps for the figures, and can take another."""
        if self.process.stdin is None or self.process.stdin.closed or files.is_locked(self.run.lock_path):
            return False
        try:
            return not self.run.status().state.is_in_progress
        except LatentLabError:  # removed or damaged; lists of runs report that
            return True

    def stop(self) -> None:
        """Has it end once it has finished its run."""
        if self.process.stdin is not None:
            self.process.stdin.close()


class WorkerPool:
    """Starts workers. Not thread-safe.

    Args:
        data_dir: folder of the full datasets; None for the usual one.
        command: starts a worker; a run's folder and options are appended.
    """

    def __init__(self, data_dir: Path | None = None, command: Sequence[str] = WORKER_COMMAND) -> None:
        self.data_dir = data_dir.resolve() if data_dir else None  # workers have a working folder of their own
        self.command = command
        self._idle: Process | None = None
        self._keeps_one = False
        self._handed_at = 0.0

    def warm(self) -> None:
        """From now on keeps one idle worker with torch imported."""
        self._keeps_one = True
        if not self._has_idle() and time.monotonic() - self._handed_at > REWARM_SECONDS:
            self._idle = self._popen(["--wait"], subprocess.DEVNULL)

    def keep(self, free: PooledWorker) -> bool:
        """Makes a free worker the idle one. Returns False if none is wanted, or there is one already."""
        if not self._keeps_one or self._has_idle():
            return False
        self._idle = free.process
        return True

    def _has_idle(self) -> bool:
        return self._idle is not None and self._idle.poll() is None

    def start(self, run: Run, free: Iterable[PooledWorker] = ()) -> PooledWorker:
        """Gives a run to the idle worker, or else to a free one, or else to a new one.

        Raises:
            LatentLabError, OSError: no worker could be started.
        """
        idle, self._idle = self._idle, None
        if idle is not None and self._request(idle, run):
            self._handed_at = time.monotonic()
            return PooledWorker(run, idle, was_reused=True)
        reused = next((worker for worker in free if self._request(worker.process, run)), None)
        return PooledWorker(run, reused.process, was_reused=True) if reused else PooledWorker(run, self._launch(run))

    def close(self) -> None:
        """Ends the idle worker."""
        if self._idle is not None and self._idle.stdin is not None:
            self._idle.stdin.close()
            self._idle.terminate()  # it imports, or computes figures that others will compute: nothing to save
            self._idle.wait(timeout=10)
        self._idle = None

    def _request(self, process: Process, run: Run) -> bool:
        """Asks a worker to train a run next. Returns False if the worker is gone."""
        if process.poll() is not None or process.stdin is None:
            return False
        request = {"folder": str(run.folder.resolve()), "data_dir": str(self.data_dir) if self.data_dir else None}
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:  # it ended after the check above
            return False
        return True

    def _launch(self, run: Run) -> Process:
        log = files.log_descriptor(run.folder / "worker.log")
        options = ["--data-dir", str(self.data_dir)] if self.data_dir else []
        try:
            return self._popen([str(run.folder.resolve()), "--wait", *options], log)
        finally:
            os.close(log)

    def _popen(self, arguments: Sequence[str], output: int) -> Process:
        return subprocess.Popen(
            [*self.command, *arguments],
            bufsize=0,  # what a dead worker did not read would be written again when its pipe is closed
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=PROJECT_ROOT,
            start_new_session=True,
        )
