"""Trains runs on a Dask cluster, in place of the manager of this machine (`sweep.Executor`).

    with Cluster(root, "tcp://127.0.0.1:8786") as cluster:
        sweep = Sweep.start(cluster, configs, roots=[root])

This side holds each run's lock and is the only writer of its folder; workers send what happens (`remote`). If a worker
dies, its run starts over on another one, and what the earlier attempt sent is dropped.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vae_core.config import RunConfig
from vae_core.data import datasets
from vae_core.errors import ClusterError, LatentLabError, RunStateError
from vae_core.storage.arrays import pack_tensors, unpack_tensors
from vae_core.storage.documents import plain
from vae_core.storage.runs import Control, Run, Status
from vae_core.storage.states import State
from vae_core.training.assignment import Assignment
from vae_core.training.manager import RETRIES
from vae_core.training.new_run import create_run
from vae_core.training.scheduler import Trust, connect
from vae_core.training.sink import RunFolder

TICK_SECONDS = 0.1
WORKERS_SECONDS = 15.0
STOP_SECONDS = 20.0
LATE_SECONDS = 10.0
WATCH_SECONDS = 2.0
PLAYED = ("begin", "add_record", "add_frame", "write_preview", "flush", "drop_after")
LOST = (
    "The scheduler at {address} was lost; what had finished is kept, and this run goes on when the sweep is started "
    "again, on a cluster or on this machine."
)


class Cluster:
    """Gives runs to the workers of a scheduler and writes what they send back. Thread-safe.

    Attributes:
        address: the scheduler's.
        lost: a sentence once the connection to the scheduler is lost, else empty.

    Args:
        root: folder of the runs.
        address: for example 'tcp://127.0.0.1:8786'.
        trust: certificates, or the statement that the network is trusted.
        data_dir: folder of the full datasets; None for the usual one.

    Raises:
        ConfigError: the address is invalid, or certificates are missing.
        ClusterError: Dask is not installed, the connection is open, no scheduler answers, there are no workers, or they
            run another version of this program.
    """

    def __init__(self, root: Path, address: str, *, trust: Trust | None = None, data_dir: Path | None = None) -> None:
        self.root, self.address, self.data_dir = root, address, data_dir
        self.lost = ""
        self._lock = threading.RLock()
        self._inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._assignments: dict[str, Assignment] = {}
        self._datasets: dict[str, datasets.Dataset] = {}
        self._scattered: dict[str, Any] = {}
        self._topic = f"latent-lab-{uuid.uuid4().hex}"
        self._client = connect(address, trust or Trust())
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)
        try:
            self.slots = self._check_workers()
            self._client.subscribe_topic(self._topic, self._on_message)
        except BaseException:
            self._client.close(timeout=2)
            raise
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _on_message(self, event: tuple[float, dict[str, Any]]) -> None:
        self._inbox.put(event[1])

    def _check_workers(self) -> int:
        """Checks that all workers have this program, and returns how many runs they train at once."""
        from vae_core.training import remote

        try:
            self._client.wait_for_workers(1, timeout=WORKERS_SECONDS)
            versions = self._client.run(remote.versions, on_error="return")
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"The scheduler at {self.address} has no workers; start some with 'dask worker {self.address}'."
            ) from error
        for worker, its_versions in versions.items():
            if isinstance(its_versions, BaseException):
                raise ClusterError(
                    f"The worker {worker} cannot find this program ({type(its_versions).__name__}); start it in the "
                    "program's folder and environment."
                ) from its_versions
            if differing := remote.differences(remote.versions(), its_versions):
                raise ClusterError(differing)
        return max(1, sum(map(int, self._client.nthreads().values())))

    def submit(
        self, config: RunConfig, name: str = "", control: Control | None = None, *, retries: int | None = RETRIES
    ) -> Run:
        """Creates a run and gives it to the cluster. Raises as `Manager.submit` does."""
        self._check_connection()
        run = create_run(self.root, config, name)
        run.write_control(control or Control())
        with self._lock:
            self._assign(run)
        return run

    def resume(self, run: Run, control: Control | None = None) -> None:
        """Continues a run from its newest checkpoint, on the cluster.

        Raises:
            RunStateError, RunLocked: it is running or queued already, or keeps no checkpoint to continue from.
        """
        self._check_connection()
        with self._lock:
            state = run.state()
            if run.id in self._assignments or not state.can_resume:
                raise RunStateError(f"The run {run.name!r} is {state}; there is nothing to resume.")
            run.write_control(control or Control())
            self._assign(run)

    def take_over(self, run: Run) -> None:
        """Takes a run whose queue is gone with the process that had it."""
        self._check_connection()
        with self._lock:
            if run.id not in self._assignments:
                self._assign(run)

    def pause(self, run: Run) -> None:
        """Has a run leave the cluster after the current step; it can be resumed from there."""
        run.request(want="pause")

    def stop(self, run: Run) -> None:
        """Ends a run after the current step, with its weights; a queued run is removed."""
        run.request(want="stop")

    def place(self, run: Run) -> int | None:
        """A run's place among those that no worker has begun, from 1 on, or None."""
        with self._lock:
            waiting = [key for key, assignment in self._assignments.items() if not assignment.attempt]
        return waiting.index(run.id) + 1 if run.id in waiting else None

    def active(self) -> list[Run]:
        """The runs that were given to the cluster and have not ended."""
        with self._lock:
            return [assignment.run for assignment in self._assignments.values()]

    def close(self) -> None:
        """Stops what is left and disconnects from the cluster."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * STOP_SECONDS)
        with self._lock:
            for assignment in list(self._assignments.values()):
                self._cancel(assignment, State.STOPPED, "The cluster was left before it ended; it starts over.")
            self._client.close(timeout=5)

    def _check_connection(self) -> None:
        if self.lost:
            raise ClusterError(self.lost)

    def _assign(self, run: Run) -> None:
        """Takes the run's lock and submits its task."""
        sink, lock = RunFolder(run), contextlib.ExitStack()
        lock.enter_context(sink.lock_run())
        sink.write_status(replace(sink.status, state=State.QUEUED, message="", cluster=self.address))
        assignment = self._assignments[run.id] = Assignment(run, sink, lock)
        try:
            self._submit_task(assignment)
        except LatentLabError as error:
            self._release(assignment, State.FAILED, str(error))
            raise
        except Exception as error:  # whatever Dask raises without a scheduler
            sentence = LOST.format(address=self.address)
            self._release(assignment, State.STOPPED, sentence, scheduler_lost=True)
            raise ClusterError(sentence) from error

    def _submit_task(self, assignment: Assignment) -> None:
        from vae_core.training import remote

        run, checkpoint = assignment.run, assignment.sink.newest_checkpoint()
        tensors = assignment.sink.parent_weights() if checkpoint is None else checkpoint[0]
        dataset = self._dataset(run.config)
        task: remote.Task = {
            "run": run.id,
            "topic": self._topic,
            "config": run.config.model_dump(mode="json", by_alias=True),
            "versions": remote.versions(),
            "digest": dataset.digest,
            "content": remote.content(dataset),
            "status": plain(assignment.sink.status),
            "record": checkpoint[1] if checkpoint is not None else None,
        }
        weights = self._client.scatter(pack_tensors(tensors), broadcast=True) if tensors is not None else None
        assignment.future = self._client.submit(
            remote.train_run,
            task,
            data=self._scattered.get(dataset.name),
            checkpoint=weights,
            key=f"{run.id}-{uuid.uuid4().hex[:8]}",
            pure=False,
            retries=RETRIES,
        )

    def _dataset(self, config: RunConfig) -> datasets.Dataset:
        name = config.data.dataset
        if name not in self._datasets:
            self._datasets[name] = datasets.load_dataset(name, self.data_dir)
        return self._datasets[name]

    def _run(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Empty):
                message: dict[str, Any] | None = self._inbox.get(timeout=TICK_SECONDS)
                while message is not None:
                    with self._lock:
                        self._receive(message)
                    message = None if self._inbox.empty() else self._inbox.get()
            with self._lock:
                for assignment in list(self._assignments.values()):
                    self._guarded(assignment, self._follow, assignment)

    def _guarded(self, assignment: Assignment, do: Any, *arguments: Any) -> None:
        """A problem of one run, such as a full disk or a removed folder, must not affect the others."""
        try:
            do(*arguments)
        except LatentLabError as error:
            self._cancel(assignment, State.FAILED, str(error))
        except OSError as error:  # the connection was lost during a call
            sentence = f"{LOST.format(address=self.address)} ({type(error).__name__})"
            self._cancel(assignment, State.STOPPED, sentence, scheduler_lost=True)

    def _receive(self, message: dict[str, Any]) -> None:
        assignment = self._assignments.get(message["run"])
        if assignment is not None:
            self._guarded(assignment, self._play_in_order, assignment, message)

    def _play_in_order(self, assignment: Assignment, message: dict[str, Any]) -> None:
        """Plays messages in the order of their numbers. Only those of the newest attempt count."""
        if message["attempt"] != assignment.attempt:
            if message["number"] != 0:  # of an abandoned attempt
                return
            assignment.begin_attempt(message)
            if assignment.attempts > RETRIES + 1:
                self._cancel(
                    assignment, State.FAILED, f"Its worker died {RETRIES + 1} times; look at the cluster's logs."
                )
                return
        for name, arguments in assignment.calls_in_order(message):
            self._play(assignment, name, arguments)

    def _play(self, assignment: Assignment, name: str, arguments: list[Any]) -> None:
        if name == "write_status":
            status = _status(arguments[0])
            if status.state is State.RUNNING:  # the final state is written once the weights are here
                assignment.sink.write_status(status)
        elif name in PLAYED:
            getattr(assignment.sink, name)(*arguments)

    def _follow(self, assignment: Assignment) -> None:
        if self.lost or self._client.status != "running":
            self.lost = self.lost or LOST.format(address=self.address)
            self._cancel(assignment, State.STOPPED, self.lost, scheduler_lost=True)
        elif assignment.future.done():
            self._collect(assignment)
        else:
            self._apply_requests(assignment)

    def _apply_requests(self, assignment: Assignment) -> None:
        """Passes the requests of the pages on to the worker."""
        from vae_core.training import remote

        now = time.monotonic()
        request = assignment.run.control().want
        if assignment.ending and now > assignment.deadline:
            self._cancel(assignment, assignment.ending, "Its worker did not answer; it starts over.")
        elif request != "run" and not assignment.attempt:
            self._cancel(assignment, State.PAUSED if request == "pause" else State.STOPPED, "taken out of the queue")
        elif request != "run" and not assignment.ending:
            assignment.ending, assignment.deadline = (
                State.PAUSED if request == "pause" else State.STOPPED,
                now + STOP_SECONDS,
            )
            self._client.run(remote.request, assignment.attempt, "stop", workers=[assignment.worker], on_error="ignore")
        elif assignment.attempt and now > assignment.watch_sent + WATCH_SECONDS and assignment.sink.is_watched():
            assignment.watch_sent = now
            self._client.run(
                remote.request, assignment.attempt, "watch", workers=[assignment.worker], on_error="ignore"
            )

    def _collect(self, assignment: Assignment) -> None:
        """Takes the result, once all messages that were sent before it have arrived."""
        assignment.result = assignment.result or _result(assignment.future)
        result = assignment.result
        if result["outcome"] == "lacking" and not assignment.data_sent:
            self._send_data(assignment)
        elif "attempt" in result and not assignment.has_all_messages(result):
            assignment.deadline = assignment.deadline or time.monotonic() + LATE_SECONDS
            if time.monotonic() > assignment.deadline:
                self._cancel(
                    assignment, State.FAILED, "A part of its records was lost on the way; start the sweep again."
                )
        elif result["outcome"] == "ended":
            self._store(assignment, result)
        else:
            sentence = result.get("message") or "The dataset did not reach the worker whole; start the sweep again."
            self._cancel(assignment, State.FAILED, sentence)

    def _store(self, assignment: Assignment, result: dict[str, Any]) -> None:
        """Writes the weights, and then the state that says that they are complete."""
        status = _status(result["status"])
        if "best" in result:
            step, target, tensors = result["best"]
            assignment.sink.keep_best(step, target, unpack_tensors(tensors))
        whole = result.get("weights")
        assignment.sink.finish((unpack_tensors(whole), result["record"]) if whole else None)
        stopped = status.state is State.STOPPED
        assignment.sink.write_status(replace(status, state=assignment.ending or State.STOPPED) if stopped else status)
        self._release(assignment)

    def _send_data(self, assignment: Assignment) -> None:
        """Sends a dataset that a worker lacks to all workers, and submits the run again."""
        from vae_core.training import remote

        dataset = self._dataset(assignment.run.config)
        if dataset.name not in self._scattered:
            self._scattered[dataset.name] = self._client.scatter([remote.packed(dataset)], broadcast=True)[0]
        assignment.data_sent, assignment.result = True, None
        self._submit_task(assignment)

    def _cancel(self, assignment: Assignment, state: State, message: str, *, scheduler_lost: bool = False) -> None:
        """Gives the run up with a message; on the cluster it ends when it next reads its requests."""
        if assignment.future is not None and self._client.status == "running":
            assignment.future.cancel()
        self._release(assignment, state, message, scheduler_lost=scheduler_lost)

    def _release(
        self, assignment: Assignment, state: State | None = None, message: str = "", *, scheduler_lost: bool = False
    ) -> None:
        self._assignments.pop(assignment.run.id, None)
        with contextlib.suppress(LatentLabError):  # a folder that is gone needs no final state
            assignment.sink.close()
            if state is not None:
                status = replace(assignment.sink.status, state=state, message=message, scheduler_lost=scheduler_lost)
                assignment.sink.write_status(status)
        assignment.lock.close()


def _status(sent: dict[str, Any]) -> Status:
    return Status(**sent)


def _result(future: Any) -> dict[str, Any]:
    """What a Dask task returned, or why it returned nothing."""
    if future.status == "finished":
        return dict(future.result())
    if future.status == "cancelled":
        return {"outcome": "failed", "message": "The cluster gave the run up; start the sweep again."}
    error = future.exception()
    died = type(error).__name__ == "KilledWorker"
    what = f"Its worker died {RETRIES + 1} times" if died else f"{type(error).__name__}: {error}"
    return {"outcome": "failed", "message": f"{what}; look at the cluster's logs."}
