"""One manager a server: it gives runs to worker processes, as many at once as the cores allow.

What is true stands in the run folders; the manager only remembers which processes it started and who waits. It imports
no torch. After a restart of the server it finds running runs by their locks, and queues queued ones again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from vae_core.config import RunConfig
from vae_core.data.moved import check_there
from vae_core.errors import LatentLabError, RunStateError
from vae_core.storage import checkpoints, files
from vae_core.storage.runs import Control, Run, create_run, list_runs
from vae_core.storage.states import State
from vae_core.training.background import Background
from vae_core.training.worker_pool import PooledWorker, WorkerPool

log = logging.getLogger("latent_lab")
TICK_SECONDS = 0.1
ADOPT_SECONDS = 1.0
RETRIES = 2
"""How often a worker that died on a run of a sweep is followed by another one."""


class Manager:
    """Starts, queues and finds runs under one folder. Safe to call from many threads.

    Attributes:
        figures: computes those of finished runs that have none yet; `figures.ask(runs)`.

    Args:
        root: the folder of the runs.
        data_dir: of the full datasets; None is the usual one.
        slots: runs at once; None is as many as cores.
        adopt: also look after runs that others started or queued; a command that only minds its own does not.
    """

    def __init__(
        self, root: Path, *, data_dir: Path | None = None, slots: int | None = None, adopt: bool = True
    ) -> None:
        self.root = root
        self.adopts = adopt
        self.slots = slots or max(1, os.cpu_count() or 1)
        self._pool = WorkerPool(data_dir)
        self.figures = Background(self._pool.data_dir)
        self._lock = threading.RLock()
        self._queue: list[Run] = []
        self._workers: list[PooledWorker] = []
        self._adopted: dict[str, Run] = {}
        self._seen = 0.0
        self._closed = threading.Event()
        self._adopt(queued=True)
        self._thread = threading.Thread(target=self._tick_for_ever, name="manager", daemon=True)
        self._thread.start()

    def _adopt(self, *, queued: bool) -> None:
        """Finds the runs that other processes train; after a start also those that wait, or died with the server."""
        runs, _ = list_runs(self.root) if self.adopts else ([], [])
        for run in reversed(runs):
            # one may be removed or damaged since the list was made; the next list says so
            with contextlib.suppress(LatentLabError):
                if not self._has(run) and files.is_locked(run.lock_path):
                    self._adopted[run.id] = run
                elif queued and run.status().state is State.QUEUED:
                    self._queue.append(run)
                elif queued:
                    self._look_after(run)
        if queued:
            self._queue.sort(key=_queued_at)

    def _adopt_new(self) -> None:
        """A folder that has come, from the command line say, is looked at once its process has had time to lock it."""
        changed = self.root.stat().st_mtime if files.is_folder(self.root) else 0.0
        if changed != self._seen and time.time() - changed > ADOPT_SECONDS:
            self._seen = changed
            self._adopt(queued=False)

    def submit(
        self, config: RunConfig, name: str = "", control: Control | None = None, *, retries: int | None = None
    ) -> Run:
        """Makes a run and queues it; it starts at once where a core is free, and does what `control` wants.

        Args:
            config: what it is to be.
            name: for people.
            control: what is wanted of it; left out, nothing but to run.
            retries: how often it is queued again, by itself, where its worker dies; with None it waits for a person.

        Raises:
            LatentLabError: the folder cannot be written, or the name is none.
        """
        run = create_run(self.root, config, name)
        run.write_control(control or Control())
        if retries is not None:
            run.write_status(replace(run.status(), retries_left=retries))
        self._enqueue(run)
        return run

    def resume(self, run: Run, control: Control | None = None) -> None:
        """Has a paused run go on, or queues one that ended, to go on from its newest checkpoint.

        Args:
            run: the run.
            control: what is wanted of it from now on; left out, nothing but to run.

        Raises:
            RunStateError: it is running or waiting already, or keeps no step to go on from.
            DatasetMissing: the file of its images is not there.
        """
        with self._lock:
            state = run.state()
            if not state.can_resume and (state is not State.DONE or run.is_finished()):
                raise RunStateError(f"The run {run.name!r} is {state}; there is nothing to resume.")
            checkpoints.check_resumable(run.folder)
            check_there(run)
            run.write_control(control or Control())
            if state is State.PAUSED and files.is_locked(run.lock_path):  # its process is still there
                return
            status = run.status()
            left = None if status.retries_left is None else RETRIES
            # a dead worker's run keeps its "running", which with the lock free is read as interrupted
            was = State.RUNNING if state is State.INTERRUPTED else state
            run.write_status(replace(status, state=State.QUEUED, was=was, message="", retries_left=left))
            self._enqueue(run)

    def take(self, run: Run) -> None:
        """Queues a run that waits in nobody's queue, since the process that queued it is gone; harmless if it is not."""
        with self._lock:
            if not self._has(run):
                self._enqueue(run)

    def stop(self, run: Run) -> None:
        """Takes a run out of the queue, or has its worker end after this step; a paused one may have no worker."""
        if self._take_out(run, State.STOPPED, "taken out of the queue"):
            return
        with self._lock:
            ours = self._has(run)
        if run.state() in (State.PAUSED, State.QUEUED) and not ours and not files.is_locked(run.lock_path):
            _say(run, State.STOPPED, "")
        else:
            run.want(want="stop")

    def pause(self, run: Run) -> None:
        """Has its worker pause after this step; one that waits leaves the queue until it is resumed."""
        if not self._take_out(run, State.PAUSED, "paused before its turn"):
            run.want(want="pause")

    def _take_out(self, run: Run, state: State, message: str) -> bool:
        """Takes a run out of the queue and says how it stands now; False where it does not wait."""
        with self._lock:
            waits = run.id in [queued.id for queued in self._queue]
            if waits:
                self._queue = [queued for queued in self._queue if queued.id != run.id]
                run.write_status(replace(run.status(), state=state, message=message))
            return waits

    def place(self, run: Run) -> int | None:
        """Its place in the queue, from 1 on, or None where it does not wait."""
        with self._lock:
            ids = [queued.id for queued in self._queue]
        return ids.index(run.id) + 1 if run.id in ids else None

    def active(self) -> list[Run]:
        """Running, paused and queued runs, in the order in which they were started."""
        with self._lock:
            started = [worker.run for worker in self._workers]
            return [*self._adopted.values(), *started, *self._queue]

    def active_with(self, config: RunConfig) -> Run | None:
        """The run that is active with just this configuration: it would give the same bits, so one is enough."""
        return next((run for run in self.active() if run.config == config), None)

    def submit_once(self, config: RunConfig, control: Control | None = None) -> Run:
        """The active run with just this configuration, else a new one; two clicks at the same moment start one run.

        Raises:
            LatentLabError: as `submit`.
        """
        with self._lock:
            return self.active_with(config) or self.submit(config, control=control)

    def warm(self) -> None:
        """Keeps one idle worker with torch imported; called when somebody is likely to press Train."""
        with self._lock:
            if not self._closed.is_set():
                self._pool.warm()

    def close(self) -> None:
        """Ends the idle worker and the thread; running workers go on."""
        self._closed.set()
        self._thread.join(timeout=5)
        self.figures.close()
        with self._lock:
            self._pool.close()
            for worker in self._workers:
                worker.stop()

    def _enqueue(self, run: Run) -> None:
        with self._lock:
            for worker in self._workers:  # it had this run, and may be at its figures still: it is not to wait for more
                if worker.run.id == run.id:
                    worker.stop()
            if run.id not in [queued.id for queued in self._queue]:
                self._queue.append(run)
            self._tick()

    def _has(self, run: Run) -> bool:
        return any(worker.run.id == run.id for worker in self._workers)

    def _tick_for_ever(self) -> None:
        """Nothing ends it but `close`: without it no run would ever start again."""
        told: set[str] = set()
        while not self._closed.wait(TICK_SECONDS):
            try:
                self._tick()
            except Exception as error:
                if repr(error) not in told:  # ten times a second would fill the log
                    told.add(repr(error))
                    log.exception("The manager of the runs met an error and goes on.")

    def _tick(self) -> None:
        """Takes note of workers that ended, and starts who waits."""
        with self._lock:
            ended = [worker for worker in self._workers if worker.has_ended()]
            self._workers = [worker for worker in self._workers if worker not in ended]
            left = [run for run in self._adopted.values() if not files.is_locked(run.lock_path)]
            self._adopted = {run.id: run for run in self._adopted.values() if run not in left}
            for worker in ended:
                worker.stop()
                if not self._has(worker.run):  # else it was resumed meanwhile, and another worker has it by now
                    self._look_after(worker.run, again=worker.again)
            for run in left:
                if _is_interrupted(run):
                    self._look_after(run)
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
        """Workers that train here; a paused one lends its place to the next in the queue."""
        taken = [*self._adopted.values(), *(worker.run for worker in self._workers if worker not in free)]
        return sum(not _lends_its_place(run) for run in taken)

    def _start(self, run: Run, free: list[PooledWorker]) -> None:
        """Gives a run to a worker; one of the free ones that takes it is no longer among them."""
        if not files.is_folder(run.folder):  # removed while it waited
            return
        try:
            if run.status().state is not State.QUEUED:  # another server has had it in the meantime
                return
            started = self._pool.start(run, free)
        except (LatentLabError, OSError) as error:
            _say(run, State.FAILED, f"The worker could not be started: {error}")
            return
        for worker in [worker for worker in free if worker.process is started.process]:
            free.remove(worker)
            self._workers.remove(worker)
        self._workers.append(started)

    def _look_after(self, run: Run, *, again: bool = False) -> None:
        """A run whose worker ended: one that died has said nothing, and is tried again where that was asked for.

        A worker that was there before (`again`) and died before it began with this run says nothing against it.
        """
        try:
            state, left, stop = run.state(), run.status().retries_left, run.control().want == "stop"
        except LatentLabError:  # removed or damaged; the lists of runs say so
            return
        died = state is State.INTERRUPTED or (
            state is State.QUEUED and run.id not in [queued.id for queued in self._queue]
        )
        if not died or (left is None and state is State.INTERRUPTED):
            return
        if again and state is State.QUEUED:
            self._queue.insert(0, run)
        elif left and stop:
            _say(run, State.STOPPED, "")
        elif left:
            if _say(run, State.QUEUED, "", retries_left=left - 1):
                self._queue.insert(0, run)
        elif left is None:
            _say(run, State.FAILED, "The worker ended before it began; the run's worker.log has the details.")
        else:
            _say(run, State.FAILED, f"Its worker died {RETRIES + 1} times; the run's worker.log has the details.")


def _queued_at(run: Run) -> int:
    """When it was queued: ids tell seconds only, and the status of a run that waits was written then."""
    try:
        return (run.folder / "status.json").stat().st_mtime_ns
    except OSError:  # removed since it was listed
        return 0


def _say(run: Run, state: State, message: str, **changes: int) -> bool:
    """Tells it in the run's status, or on standard error where the disk does not take it: the others must go on."""
    try:
        run.write_status(replace(run.status(), state=state, message=message, **changes))  # type: ignore[arg-type]
    except LatentLabError as error:
        print(f"{run.id}: {message} {error}", file=sys.stderr)
        return False
    return True


def _is_interrupted(run: Run) -> bool:
    try:
        return run.state() is State.INTERRUPTED
    except LatentLabError:  # removed or damaged; the lists of runs say so
        return False


def _lends_its_place(run: Run) -> bool:
    """Trained on a cluster, whose submitter holds its lock; or paused, and nobody has asked it to go on by now."""
    try:
        status = run.status()
        if status.state is not State.PAUSED:
            return bool(status.cluster)
        control = run.control()
        return control.want == "pause" or control.step_until is not None
    except LatentLabError:  # removed or damaged; the lists of runs say so
        return False
