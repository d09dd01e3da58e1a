"""A run that was given to a Dask cluster: its attempts, and its messages in the order in which they were sent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vae_core.storage.runs import Run
from vae_core.storage.states import State
from vae_core.training.sink import RunFolder


@dataclass
class Assignment:
    """A run that was given to the cluster.

    Attributes:
        run, sink, lock: the run, the writer of its folder, and its lock.
        future: Dask's future of the task.
        data_sent: whether the dataset was sent because a worker lacked it.
        attempt: id of the newest attempt that has started; empty before the first.
        attempts: how many have started.
        next_number: number of the message that is played next.
        pending: messages that arrived before their turn, by number.
        worker: address of the attempt's worker.
        ending: state after a requested end, or None.
        deadline: monotonic time until which an end or late messages are waited for.
        watch_sent: monotonic time at which the worker was last asked for previews.
        result: what the task returned.
    """

    run: Run
    sink: RunFolder
    lock: contextlib.ExitStack
    future: Any = None
    data_sent: bool = False
    attempt: str = ""
    attempts: int = 0
    next_number: int = 0
    pending: dict[int, dict[str, Any]] = field(default_factory=dict)
    worker: str = ""
    ending: State | None = None
    deadline: float = 0.0
    watch_sent: float = 0.0
    result: dict[str, Any] | None = None

    def begin_attempt(self, message: dict[str, Any]) -> None:
        """Takes up a new attempt from its first message; messages of earlier ones no longer count."""
        self.attempts += 1
        self.attempt, self.next_number, self.worker = message["attempt"], 0, message["worker"]
        self.pending.clear()

    def calls_in_order(self, message: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
        """The sink's calls, name and arguments, of this message and of later ones that waited for it."""
        self.pending[message["number"]] = message
        while (due := self.pending.pop(self.next_number, None)) is not None:
            yield from due["did"]
            self.next_number += 1

    def has_all_messages(self, result: dict[str, Any]) -> bool:
        """Whether every message has arrived that the attempt with this result sent."""
        return bool(result["attempt"] == self.attempt and result["messages"] == self.next_number)
