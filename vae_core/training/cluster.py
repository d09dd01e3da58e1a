"""Trains runs on a Dask cluster; takes the manager's place in a sweep (`sweep.Executor`).

    with Cluster(root, "tcp://127.0.0.1:8786") as cluster:
        sweep = Sweep.start(cluster, configs, roots=[root])

This side holds each run's lock and is the one writer of its folder; workers send what happens (`remote`). A run whose
worker dies starts over on another one, and what the earlier attempt sent is dropped.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import uuid
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vae_core.config import RunConfig
from vae_core.data import datasets
from vae_core.errors import ClusterError, LatentLabError, RunStateError
from vae_core.storage.arrays import pack_tensors, unpack_tensors
from vae_core.storage.runs import RESUMABLE, Control, Run, Status, create_run
from vae_core.training.manager import RETRIES
from vae_core.training.scheduler import Trust, connect
from vae_core.training.sink import RunFolder

TICK_SECONDS = 0.1
WORKERS_SECONDS = 15.0
STOP_SECONDS = 20.0
LATE_SECONDS = 10.0
WATCH_SECONDS = 2.0
PLAYED = ("begin", "add", "frame", "preview", "flush", "back_to")
LOST = (
    "The scheduler at {address} was lost; what had finished is kept, and this run goes on when the sweep is started "
    "again, on a cluster or on this machine."
)


@dataclass
class _Handed:
    """A run that was given to the cluster."""

    run: Run
    sink: RunFolder
    lock: contextlib.ExitStack
    future: Any = None
    sent: bool = False
    attempt: str = ""
    attempts: int = 0
    number: int = 0
    worker: str = ""
    ending: str = ""
    until: float = 0.0
    watched: float = 0.0
    result: dict[str, Any] | None = None
    late: dict[int, dict[str, Any]] = field(default_factory=dict)


class Cluster:
    """Hands runs to the workers of a scheduler and writes what comes back. Safe to call from many threads.

    Attributes:
        address: of the scheduler.
        lost: a sentence once the scheduler is gone, else empty.

    Args:
        root: the folder of the runs.
        address: such as 'tcp://127.0.0.1:8786'.
        trust: certificates, or that the network is one's own.
        data_dir: of the full datasets; None is the usual one.

    Raises:
        ConfigError: it is no address, or certificates are missing.
        ClusterError: Dask is not here, the connection is open, nobody answers, no worker is there, or the workers have
            another program.
    """

    def __init__(self, root: Path, address: str, *, trust: Trust | None = None, data_dir: Path | None = None) -> None:
        self.root, self.address, self.data_dir = root, address, data_dir
        self.lost = ""
        self._lock = threading.RLock()
        self._inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._handed: dict[str, _Handed] = {}
        self._datasets: dict[str, datasets.Dataset] = {}
        self._scattered: dict[str, Any] = {}
        self._topic = f"latent-lab-{uuid.uuid4().hex}"
        self._client = connect(address, trust or Trust())
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="cluster", daemon=True)
        try:
            self.slots = self._check_workers()
            self._client.subscribe_topic(self._topic, self._take)
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

    def _take(self, event: tuple[float, dict[str, Any]]) -> None:
        self._inbox.put(event[1])

    def _check_workers(self) -> int:
        """How many runs at once; all workers must have this program."""
        from vae_core.training import remote

        try:
            self._client.wait_for_workers(1, timeout=WORKERS_SECONDS)
            found = self._client.run(remote.versions, on_error="return")
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"The scheduler at {self.address} has no workers; start some with 'dask worker {self.address}'."
            ) from error
        for worker, there in found.items():
            if isinstance(there, BaseException):
                raise ClusterError(
                    f"The worker {worker} does not find this program ({type(there).__name__}); start it in the "
                    "program's folder and environment."
                ) from there
            if differing := remote.differences(remote.versions(), there):
                raise ClusterError(differing)
        return max(1, sum(map(int, self._client.nthreads().values())))

    def submit(
        self, config: RunConfig, name: str = "", control: Control | None = None, *, retries: int | None = RETRIES
    ) -> Run:
        """Makes a run and hands it over; raises as `Manager.submit` does. Each is tried again as often as `RETRIES`."""
        self._check()
        run = create_run(self.root, config, name)
        run.write_control(control or Control())
        with self._lock:
            self._hand_over(run)
        return run

    def resume(self, run: Run, control: Control | None = None) -> None:
        """Has a run go on from its newest checkpoint, on the cluster.

        Raises:
            RunStateError, RunLocked: it is running or waiting already, or keeps no step to go on from.
        """
        self._check()
        with self._lock:
            state = run.state()
            if run.id in self._handed or state not in RESUMABLE:
                raise RunStateError(f"The run {run.name!r} is {state}; there is nothing to resume.")
            run.write_control(control or Control())
            self._hand_over(run)

    def take(self, run: Run) -> None:
        """Hands over a run that waits in nobody's queue, since the process that queued it is gone."""
        self._check()
        with self._lock:
            if run.id not in self._handed:
                self._hand_over(run)

    def pause(self, run: Run) -> None:
        """Has a run leave the cluster after this step; resumed, it goes on from there."""
        run.want(want="pause")

    def stop(self, run: Run) -> None:
        """Ends a run after this step, with its weights; one that waits is taken out."""
        run.want(want="stop")

    def place(self, run: Run) -> int | None:
        """Its place among those that no worker has begun, from 1 on."""
        with self._lock:
            waiting = [key for key, handed in self._handed.items() if not handed.attempt]
        return waiting.index(run.id) + 1 if run.id in waiting else None

    def active(self) -> list[Run]:
        """Those that were handed over and are not over."""
        with self._lock:
            return [handed.run for handed in self._handed.values()]

    def close(self) -> None:
        """Ends what is left, marked as stopped, and leaves the cluster."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * STOP_SECONDS)
        with self._lock:
            for handed in list(self._handed.values()):
                self._cancel(handed, "stopped", "The cluster was left before it ended; it starts over.")
            self._client.close(timeout=5)

    def _check(self) -> None:
        if self.lost:
            raise ClusterError(self.lost)

    def _hand_over(self, run: Run) -> None:
        """Takes the run's lock and sends its task."""
        sink, lock = RunFolder(run), contextlib.ExitStack()
        lock.enter_context(sink.held())
        sink.say(replace(sink.status, state="queued", message="", cluster=self.address))
        handed = self._handed[run.id] = _Handed(run, sink, lock)
        try:
            self._send(handed)
        except LatentLabError as error:
            self._let_go(handed, "failed", str(error))
            raise
        except Exception as error:  # whatever Dask says once it has no scheduler
            sentence = LOST.format(address=self.address)
            self._let_go(handed, "stopped", sentence)
            raise ClusterError(sentence) from error

    def _send(self, handed: _Handed) -> None:
        from vae_core.training import remote

        run, found = handed.run, handed.sink.newest()
        parent = handed.sink.parent() if found is None else None
        tensors = found[0] if found is not None else parent
        dataset = self._dataset(run.config)
        task: remote.Task = {
            "run": run.id,
            "topic": self._topic,
            "config": run.config.model_dump(mode="json", by_alias=True),
            "versions": remote.versions(),
            "digest": dataset.digest,
            "content": remote.content(dataset),
            "status": asdict(handed.sink.status),
            "record": found[1] if found is not None else None,
        }
        weights = self._client.scatter(pack_tensors(tensors), broadcast=True) if tensors is not None else None
        handed.future = self._client.submit(
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

    def _work(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Empty):
                message: dict[str, Any] | None = self._inbox.get(timeout=TICK_SECONDS)
                while message is not None:
                    with self._lock:
                        self._receive(message)
                    message = None if self._inbox.empty() else self._inbox.get()
            with self._lock:
                for handed in list(self._handed.values()):
                    self._guarded(handed, self._look, handed)

    def _guarded(self, handed: _Handed, do: Any, *arguments: Any) -> None:
        """One run's trouble, such as a full disk or a removed folder, is not that of the others."""
        try:
            do(*arguments)
        except LatentLabError as error:
            self._cancel(handed, "failed", str(error))
        except OSError as error:  # the connection, in the middle of a call
            self._cancel(handed, "stopped", f"{LOST.format(address=self.address)} ({type(error).__name__})")

    def _receive(self, message: dict[str, Any]) -> None:
        handed = self._handed.get(message["run"])
        if handed is not None:
            self._guarded(handed, self._in_turn, handed, message)

    def _in_turn(self, handed: _Handed, message: dict[str, Any]) -> None:
        """The newest attempt that started is the one that counts; its messages are played by their numbers."""
        if message["attempt"] != handed.attempt:
            if message["number"] != 0:  # of an attempt that was given up
                return
            handed.attempts += 1
            handed.attempt, handed.number, handed.worker = message["attempt"], 0, message["worker"]
            handed.late.clear()
            if handed.attempts > RETRIES + 1:
                self._cancel(handed, "failed", f"Its worker died {RETRIES + 1} times; look at the cluster's logs.")
                return
        handed.late[message["number"]] = message
        while (due := handed.late.pop(handed.number, None)) is not None:
            for name, arguments in due["did"]:
                self._play(handed, name, arguments)
            handed.number += 1

    def _play(self, handed: _Handed, name: str, arguments: list[Any]) -> None:
        if name == "say":
            status = _status(arguments[0])
            if status.state == "running":  # how it ended is said once the weights are here
                handed.sink.say(status)
        elif name in PLAYED:
            getattr(handed.sink, name)(*arguments)

    def _look(self, handed: _Handed) -> None:
        if self.lost or self._client.status != "running":
            self.lost = self.lost or LOST.format(address=self.address)
            self._cancel(handed, "stopped", self.lost)
        elif handed.future.done():
            self._ended(handed)
        else:
            self._obey(handed)

    def _obey(self, handed: _Handed) -> None:
        """What the pages want of it."""
        from vae_core.training import remote

        now = time.monotonic()
        wants = handed.run.control().want
        if handed.ending and now > handed.until:
            self._cancel(handed, handed.ending, "Its worker did not answer; it starts over.")
        elif wants != "run" and not handed.attempt:
            self._cancel(handed, "paused" if wants == "pause" else "stopped", "taken out of the queue")
        elif wants != "run" and not handed.ending:
            handed.ending, handed.until = "paused" if wants == "pause" else "stopped", now + STOP_SECONDS
            self._client.run(remote.want, handed.attempt, "stop", workers=[handed.worker], on_error="ignore")
        elif handed.attempt and now > handed.watched + WATCH_SECONDS and handed.sink.is_watched():
            handed.watched = now
            self._client.run(remote.want, handed.attempt, "watch", workers=[handed.worker], on_error="ignore")

    def _ended(self, handed: _Handed) -> None:
        """Takes the result, once all that was sent before it has come."""
        handed.result = handed.result or _result(handed.future)
        result = handed.result
        if result["outcome"] == "lacking" and not handed.sent:
            self._send_data(handed)
        elif "attempt" in result and not self._all_came(handed, result):
            handed.until = handed.until or time.monotonic() + LATE_SECONDS
            if time.monotonic() > handed.until:
                self._cancel(handed, "failed", "A part of its records was lost on the way; start the sweep again.")
        elif result["outcome"] == "ended":
            self._keep(handed, result)
        else:
            sentence = result.get("message") or "The dataset did not reach the worker whole; start the sweep again."
            self._cancel(handed, "failed", sentence)

    @staticmethod
    def _all_came(handed: _Handed, result: dict[str, Any]) -> bool:
        return bool(result["attempt"] == handed.attempt and result["messages"] == handed.number)

    def _keep(self, handed: _Handed, result: dict[str, Any]) -> None:
        """The weights, then the state that says that they are there."""
        status = _status(result["status"])
        if "best" in result:
            step, target, tensors = result["best"]
            handed.sink.best(step, target, unpack_tensors(tensors))
        whole = result.get("weights")
        handed.sink.finish((lambda: (unpack_tensors(whole), result["record"])) if whole else None)
        stopped = status.state == "stopped"
        handed.sink.say(replace(status, state=handed.ending or "stopped") if stopped else status)
        self._let_go(handed)

    def _send_data(self, handed: _Handed) -> None:
        """A worker lacks the dataset: all workers get it, and the run is sent again."""
        from vae_core.training import remote

        dataset = self._dataset(handed.run.config)
        if dataset.name not in self._scattered:
            self._scattered[dataset.name] = self._client.scatter([remote.packed(dataset)], broadcast=True)[0]
        handed.sent, handed.result = True, None
        self._send(handed)

    def _cancel(self, handed: _Handed, state: str, message: str) -> None:
        """Gives the run up, and says why; on the cluster its work ends at its next look."""
        if handed.future is not None and self._client.status == "running":
            handed.future.cancel()
        self._let_go(handed, state, message)

    def _let_go(self, handed: _Handed, state: str = "", message: str = "") -> None:
        self._handed.pop(handed.run.id, None)
        with contextlib.suppress(LatentLabError):  # a folder that is gone needs no last word
            handed.sink.close()
            if state:
                handed.sink.say(replace(handed.sink.status, state=state, message=message))
        handed.lock.close()


def _status(sent: dict[str, Any]) -> Status:
    return Status(**{**sent, "notes": tuple(sent["notes"])})


def _result(future: Any) -> dict[str, Any]:
    """What a task of Dask gave, or why it gave nothing."""
    if future.status == "finished":
        return dict(future.result())
    if future.status == "cancelled":
        return {"outcome": "failed", "message": "The cluster gave the run up; start the sweep again."}
    error = future.exception()
    died = type(error).__name__ == "KilledWorker"
    what = f"Its worker died {RETRIES + 1} times" if died else f"{type(error).__name__}: {error}"
    return {"outcome": "failed", "message": f"{what}; look at the cluster's logs."}
