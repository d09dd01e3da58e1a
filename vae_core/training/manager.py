"""Trains runs in worker processes, as many at once as the machine has cores. A server has one manager.

The run folders hold the truth; the manager only remembers which processes it started, and its queue. It does not import
torch. When the server restarts, its manager finds running runs by their locks and queues the queued ones again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vae_core.config import RunConfig
from vae_core.data.relocation import check_images_exist
from vae_core.errors import LatentLabError, RunStateError
from vae_core.storage import checkpoints, files
from vae_core.storage.runs import Control, Run, list_runs
from vae_core.storage.states import State
from vae_core.training.new_run import create_run
from vae_core.training.worker_pool import WORKER_COMMAND, PooledWorker, WorkerPool

log = logging.getLogger("latent_lab")
TICK_SECONDS = 0.1
ADOPT_SECONDS = 1.0
RETRIES = 2
"""How often a run of a sweep is tried again after its worker died."""


class Manager:
    """Starts, queues and finds the runs of one folder. Thread-safe.

    Args:
        root: folder of the runs.
        data_dir: folder of the full datasets; None for the usual one.
        slots: number of runs at once; None for one per core.
        adopt: also look after runs that others started or queued; off for a command that trains only its own.
        worker: command that starts a worker process.
    """

    def __init__(
        self,
        root: Path,
        *,
        data_dir: Path | None = None,
        slots: int | None = None,
        adopt: bool = True,
        worker: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        self.root = root
        self.adopts = adopt
        self.slots = slots or max(1, os.cpu_count() or 1)
        self._pool = WorkerPool(data_dir, worker)
        self._lock = threading.RLock()
        self._queue: list[Run] = []
        self._workers: list[PooledWorker] = []
        self._adopted: dict[str, Run] = {}
        self._seen = 0.0
        self._closed = threading.Event()
        self._adopt(queued=True)
        self._thread = threading.Thread(target=self._run, name="manager", daemon=True)
        self._thread.start()

    def _adopt(self, *, queued: bool) -> None:
        """Finds runs of other processes, and at the start also queued ones and those that died with the server."""
        runs, _ = list_runs(self.root) if self.adopts else ([], [])
        for run in reversed(runs):
            # one that was removed or damaged meanwhile is reported by the next list of runs
            with contextlib.suppress(LatentLabError):
                if not self._has(run) and files.is_locked(run.lock_path):
                    self._adopted[run.id] = run
                elif queued and run.status().state is State.QUEUED:
                    self._queue.append(run)
                elif queued:
                    self._handle_end(run)
        if queued:
            self._queue.sort(key=_queued_at)

    def _adopt_new(self) -> None:
        """Looks at new folders (of a command, for example) once their process has had time to lock them."""
        changed = self.root.stat().st_mtime if files.is_folder(self.root) else 0.0
        if changed != self._seen and time.time() - changed > ADOPT_SECONDS:
            self._seen = changed
            self._adopt(queued=False)

    def submit(
        self, config: RunConfig, name: str = "", control: Control | None = None, *, retries: int | None = None
    ) -> Run:
        """Creates a run and queues it. It starts at once if a core is free.

        Args:
            config: the run's configuration.
            name: display name.
            control: first requests; by default it just runs.
            retries: how often it is queued again if its worker dies; None leaves that to the user.

        Raises:
            LatentLabError: the folder cannot be written, or the name is invalid.
        """
        run = create_run(self.root, config, name)
        run.write_control(control or Control())
        if retries is not None:
            run.write_status(replace(run.status(), retries_left=retries))
        self._enqueue(run)
        return run

    def resume(self, run: Run, control: Control | None = None) -> None:
        """Continues a paused run, or queues one that has ended to continue from its newest checkpoint.

        Args:
            run: the run.
            control: requests from now on; by default it just runs.

        Raises:
            RunStateError: it is running or queued already, or keeps no checkpoint to continue from.
            DatasetMissing: the file with its images is missing.
        """
        with self._lock:
            state = run.state()
            if not state.can_resume and (state is not State.DONE or run.is_finished()):
                raise RunStateError(f"The run {run.name!r} is {state}; there is nothing to resume.")
            checkpoints.check_resumable(run.folder)
            check_images_exist(run)
            run.write_control(control or Control())
            if state is State.PAUSED and files.is_locked(run.lock_path):  # its process is still there
                return
            status = run.status()
            left = None if status.retries_left is None else RETRIES
            # a dead worker's run keeps its "running", which with the lock free is read as interrupted
            was = State.RUNNING if state is State.INTERRUPTED else state
            queued = replace(status, state=State.QUEUED, was=was, message="", retries_left=left, scheduler_lost=False)
            run.write_status(queued)
            self._enqueue(run)

    def take_over(self, run: Run) -> None:
        """Queues a run whose queue is gone with the process that had it; harmless if it is not."""
        with self._lock:
            if not self._has(run):
                self._enqueue(run)

    def stop(self, run: Run) -> None:
        """Removes a run from the queue, or has its worker end after this step; a paused run may have no worker."""
        if self._remove_from_queue(run, State.STOPPED, "taken out of the queue"):
            return
        with self._lock:
            ours = self._has(run)
        if run.state() in (State.PAUSED, State.QUEUED) and not ours and not files.is_locked(run.lock_path):
            _write_state(run, State.STOPPED, "")
        else:
            run.request(want="stop")

    def pause(self, run: Run) -> None:
        """Has a run's worker pause after the current step; a queued run leaves the queue until it is resumed."""
        if not self._remove_from_queue(run, State.PAUSED, "paused before its turn"):
            run.request(want="pause")

    def _remove_from_queue(self, run: Run, state: State, message: str) -> bool:
        """Removes a run from the queue and writes its new state. Returns False if it is not queued."""
        with self._lock:
            is_queued = run.id in [queued.id for queued in self._queue]
            if is_queued:
                self._queue = [queued for queued in self._queue if queued.id != run.id]
                run.write_status(replace(run.status(), state=state, message=message))
            return is_queued

    def place(self, run: Run) -> int | None:
        """A run's place in the queue, from 1 on, or None if it is not queued."""
        with self._lock:
            ids = [queued.id for queued in self._queue]
        return ids.index(run.id) + 1 if run.id in ids else None

    def active(self) -> list[Run]:
        """Running, paused and queued runs, in the order in which they were started."""
        with self._lock:
            started = [worker.run for worker in self._workers]
            return [*self._adopted.values(), *started, *self._queue]

    def active_with(self, config: RunConfig) -> Run | None:
        """The active run with exactly this configuration, or None. It gives the same bits, so one is enough."""
        return next((run for run in self.active() if run.config == config), None)

    def submit_once(self, config: RunConfig, control: Control | None = None) -> Run:
        """The active run with exactly this configuration, or else a new one: a double click starts one run.

        Raises:
            LatentLabError: as `submit`.
        """
        with self._lock:
            return self.active_with(config) or self.submit(config, control=control)

    def warm(self) -> None:
        """Keeps one idle worker with torch imported. Call it when someone is likely to press Train."""
        with self._lock:
            if not self._closed.is_set():
                self._pool.warm()

    def close(self) -> None:
        """Ends the idle worker and the manager's thread; running workers go on."""
        self._closed.set()
        self._thread.join(timeout=5)
        with self._lock:
            self._pool.close()
            for worker in self._workers:
                worker.stop()

    def _enqueue(self, run: Run) -> None:
        with self._lock:
            for worker in self._workers:  # one that still computes this run's figures is not to wait for further runs
                if worker.run.id == run.id:
                    worker.stop()
            if run.id not in [queued.id for queued in self._queue]:
                self._queue.append(run)
            self._tick()

    def _has(self, run: Run) -> bool:
        return any(worker.run.id == run.id for worker in self._workers)

    def _run(self) -> None:
        """Only `close` ends this: without it no run would ever start again."""
        logged: set[str] = set()
        while not self._closed.wait(TICK_SECONDS):
            try:
                self._tick()
            except Exception as error:
                if repr(error) not in logged:  # ten times a second would fill the log
                    logged.add(repr(error))
                    log.exception("The manager of the runs met an error and continues.")

    def _tick(self) -> None:
        """Handles workers that have ended, and starts queued runs."""
        with self._lock:
            ended = [worker for worker in self._workers if worker.has_ended()]
            self._workers = [worker for worker in self._workers if worker not in ended]
            left = [run for run in self._adopted.values() if not files.is_locked(run.lock_path)]
            self._adopted = {run.id: run for run in self._adopted.values() if run not in left}
            for worker in ended:
                worker.stop()
                if not self._has(worker.run):  # otherwise it was resumed, and another worker has it by now
                    self._handle_end(worker.run, was_reused=worker.was_reused)
            for run in left:
                if _is_interrupted(run):
                    self._handle_end(run)
            self._adopt_new()
            free = [worker for worker in self._workers if worker.is_free()]
            while self._queue and self._busy(free) < self.slots:
                self._start(self._queue.pop(0), free)
            for worker in free:
                if self._pool.keep(worker):
                    self._workers.remove(worker)
                else:
                    worker.stop()

    def _busy(self, free: list[PooledWorker]) -> int:
        """Slots in use; a paused run gives its slot to the next in the queue."""
        taken = [*self._adopted.values(), *(worker.run for worker in self._workers if worker not in free)]
        return sum(not _needs_no_slot(run.folder) for run in taken)

    def _start(self, run: Run, free: list[PooledWorker]) -> None:
        """Gives a run to a worker; a free worker that takes it is removed from `free`."""
        if not files.is_folder(run.folder):  # removed while it was queued
            return
        try:
            if run.status().state is not State.QUEUED:  # another server has taken it meanwhile
                return
            started = self._pool.start(run, free)
        except (LatentLabError, OSError) as error:
            _write_state(run, State.FAILED, f"The worker could not be started: {error}")
            return
        for worker in [worker for worker in free if worker.process is started.process]:
            free.remove(worker)
            self._workers.remove(worker)
        self._workers.append(started)

    def _handle_end(self, run: Run, *, was_reused: bool = False) -> None:
        """Handles a run whose worker has ended. If the worker died, the run is tried again as often as was asked for.

        If a reused worker died before it began, the run is not to blame, and is queued again.
        """
        try:
            state, retries, stop = run.state(), run.status().retries_left, run.control().want == "stop"
        except LatentLabError:  # removed or damaged; lists of runs report that
            return
        died = state is State.INTERRUPTED or (
            state is State.QUEUED and run.id not in [queued.id for queued in self._queue]
        )
        if not died or (retries is None and state is State.INTERRUPTED):
            return
        if was_reused and state is State.QUEUED:
            self._queue.insert(0, run)
        elif retries and stop:
            _write_state(run, State.STOPPED, "")
        elif retries:
            if _write_state(run, State.QUEUED, "", retries_left=retries - 1):
                self._queue.insert(0, run)
        elif retries is None:
            _write_state(run, State.FAILED, "The worker ended before it began; the run's worker.log has the details.")
        else:
            _write_state(
                run, State.FAILED, f"Its worker died {RETRIES + 1} times; the run's worker.log has the details."
            )


def _queued_at(run: Run) -> int:
    """When a run was queued: the time its status was written, since ids count only seconds."""
    try:
        return (run.folder / "status.json").stat().st_mtime_ns
    except OSError:  # removed since it was listed
        return 0


def _write_state(run: Run, state: str, message: str, **changes: int) -> bool:
    """Writes a run's state. If the disk refuses, the message goes to standard error: other runs must go on."""
    try:
        run.write_status(replace(run.status(), state=state, message=message, **changes))  # type: ignore[arg-type]
    except LatentLabError as error:
        print(f"{run.id}: {message} {error}", file=sys.stderr)
        return False
    return True


def _is_interrupted(run: Run) -> bool:
    try:
        return run.state() == "interrupted"
    except LatentLabError:  # removed or damaged; lists of runs report that
        return False


def _needs_no_slot(folder: Path) -> bool:
    """Whether it trains on a cluster (its submitter holds the lock here), or is paused and not asked to go on."""
    try:
        status = files.read_json(folder / "status.json")
        if status.get("state") != "paused":
            return bool(status.get("cluster"))
        requests = files.read_json(folder / "control.json")
        return requests.get("want") == "pause" or requests.get("step_until") is not None
    except (LatentLabError, OSError):
        return False
