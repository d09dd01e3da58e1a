"""Background work: child processes that report on standard output, one JSON object per line.

    {"progress": "level 0.2: median", "share": 0.4}           the current task, and the share done, 0 to 1
    {"result": {...}}                                         the result
    {"error": "DataError", "message": "The dataset ..."}      class and message of a `LatentLabError`

Every command of the command line reports in this form with `--json-lines` before its name; see `cli_command`.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vae_core import errors
from vae_core.errors import JobFailed, LatentLabError
from vae_core.storage.paths import PROJECT_ROOT

SLOTS = 4
"""Processes at once. Each has one thread and a low priority, so that training and pages take precedence."""
NICE = 10
KEPT = 1_000
"""How many jobs are remembered after they have ended."""
GRACE_SECONDS = 5.0
Key = tuple[str, ...]
"""What a job computes. The first item is the kind of work."""


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_active(self) -> bool:
        return self in (JobState.QUEUED, JobState.RUNNING)


@dataclass(eq=False)
class Job:
    """A piece of work. The runner changes it; everyone else only reads it.

    Attributes:
        key: identifies what is computed.
        command: the process and its arguments.
        state: its state.
        what, share: the current task, and the share done, 0 to 1.
        result: the result of the process; None unless the job is done.
        error: the reason of a failure; None unless it failed.
    """

    key: Key
    command: tuple[str, ...] = field(repr=False)
    state: JobState = JobState.QUEUED
    what: str = "waiting"
    share: float = 0.0
    result: dict[str, Any] | None = field(default=None, repr=False)
    error: LatentLabError | None = None
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_active(self) -> bool:
        return self.state.is_active

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the job has ended. Returns False if it has not after `timeout` seconds."""
        return self._ended.wait(timeout)

    def _read(self, line: str) -> None:
        """Reads a line from the process. Lines of any other form, which a library may print, are ignored."""
        try:
            record = json.loads(line)
        except ValueError:
            return
        match record:
            case {"progress": str(what), "share": float() | int() as share} if 0 <= share <= 1:
                self.what, self.share = what, float(share)
            case {"result": dict(result)}:
                self.result = result
            case {"error": str(name), "message": str(message)}:
                self.error = _error(name, message)

    def _end(self, state: JobState) -> None:
        self.state = state
        self._ended.set()


class Runner:
    """Runs jobs, at most one of each kind and `slots` in total at once, in the order in which they were started.

    Thread-safe. Its processes end with `close`, and with this program, however that ends.

    Args:
        slots: number of processes at once.
    """

    def __init__(self, slots: int = SLOTS) -> None:
        self._slots = slots
        self._lock = threading.RLock()
        self._jobs: dict[Key, Job] = {}
        self._processes: dict[Job, subprocess.Popen[str]] = {}
        self._closed = False
        atexit.register(self.close)

    def start(self, key: Key, command: Sequence[str]) -> Job:
        """Runs a command for a key as soon as there is room. If that job is active already, returns it."""
        with self._lock:
            earlier = self._jobs.pop(key, None)
            job = earlier if earlier is not None and earlier.is_active else Job(key, tuple(command))
            self._jobs[key] = job
            if self._closed:
                job._end(JobState.CANCELLED)
            self._forget_oldest()
            self._launch_queued()
            return job

    def get(self, key: Key) -> Job | None:
        """The newest job for a key, active or ended, or None."""
        with self._lock:
            return self._jobs.get(key)

    def cancel(self, key: Key) -> None:
        """Ends an active job and its process. What the process has stored stays."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or not job.is_active:
                return
            job._end(JobState.CANCELLED)
            process = self._processes.get(job)
        if process is not None:
            _end_process(process)

    def close(self) -> None:
        """Cancels all jobs. Jobs that are started later are cancelled at once."""
        with self._lock:
            self._closed = True
            keys = list(self._jobs)
        for key in keys:
            self.cancel(key)
        atexit.unregister(self.close)

    def _forget_oldest(self) -> None:
        ended = [key for key, job in self._jobs.items() if not job.is_active]
        for key in ended[: max(0, len(ended) - KEPT)]:
            del self._jobs[key]

    def _launch_queued(self) -> None:
        for job in [job for job in self._jobs.values() if job.state is JobState.QUEUED]:
            kinds = [running.key[0] for running in self._processes]
            if job.key[0] not in kinds and len(kinds) < self._slots:
                self._launch(job)

    def _launch(self, job: Job) -> None:
        try:
            process = _popen(job.command)
        except OSError as error:
            job.error = JobFailed(f"The process could not be started: {error}.")
            job._end(JobState.FAILED)
            return
        job.state, job.what = JobState.RUNNING, "starting"
        self._processes[job] = process
        threading.Thread(target=self._follow, args=(job, process), name=f"job {job.key[0]}", daemon=True).start()

    def _follow(self, job: Job, process: subprocess.Popen[str]) -> None:
        with process:  # closes the pipe, and waits
            for line in process.stdout or ():
                job._read(line)
        with self._lock:
            del self._processes[job]
            if job.is_active:
                if job.error is None and job.result is None:
                    job.error = JobFailed(_how_it_died(process.returncode))
                job._end(JobState.FAILED if job.error is not None else JobState.DONE)
            self._launch_queued()


def cli_command(*arguments: object) -> list[str]:
    """A command of this program's command line, with its arguments, as the command of a job."""
    return [sys.executable, "-m", "vae_core", "--json-lines", *map(str, arguments)]


def _popen(command: Sequence[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=PROJECT_ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        text=True,
        errors="replace",
        start_new_session=True,
    )
    if hasattr(os, "setpriority"):  # not on Windows
        with contextlib.suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
    return process


def _end_process(process: subprocess.Popen[str]) -> None:
    """Ends a process and those that it started; kills it if it does not respond."""
    _signal(process, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()


def _signal(process: subprocess.Popen[str], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None and hasattr(os, "killpg"):
            os.killpg(process.pid, number)  # it leads a session, so it has a group of its own
        else:
            process.send_signal(number)


def _how_it_died(status: int) -> str:
    if status < 0:
        return f"The process was killed ({signal.Signals(-status).name}), perhaps for lack of memory; start it again."
    return f"The process ended with status {status} and without a result; the server's log has the details."


def _error(name: str, message: str) -> LatentLabError:
    """An error of the class with this name, or of the base class if there is none."""
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, LatentLabError)):
        kind = LatentLabError
    error: LatentLabError = kind.__new__(kind, message)  # the arguments of `Diverged` are not its message
    return error
