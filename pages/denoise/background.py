"""Work that a page does not wait for: one thread of the server does it, and each session's newest wish stops the one before.

A wish is taken up only after a moment of quiet, so that nothing is begun for each place that a slider passes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import streamlit as st

QUIET_SECONDS = 0.4

Steps = Callable[[], Iterator[Any]]
Queue = SimpleQueue[tuple["Job", Steps]]


@dataclass(eq=False)
class Job:
    """What was asked for, and what is there of it.

    Attributes:
        key: what it depends on.
        results: grow one by one.
        done: nothing comes any more.
        error: what ended it early, or None.
    """

    key: Hashable
    results: list[Any] = field(default_factory=list)
    done: bool = False
    error: Exception | None = None
    stop: threading.Event = field(default_factory=threading.Event, repr=False)


@st.cache_resource(show_spinner=False)
def _queue() -> Queue:
    """With the thread that empties it; a server that ends does not wait for it."""
    waiting: Queue = SimpleQueue()
    threading.Thread(target=_serve, args=(waiting,), name="filters", daemon=True).start()
    return waiting


def give_way(slot: str, key: Hashable) -> None:
    """Stops this session's job in the slot where it is for something else: what comes now needs the processor."""
    job = st.session_state.get(slot)
    if isinstance(job, Job) and job.key != key:
        job.stop.set()


def newest(slot: str, key: Hashable, steps: Steps) -> Job:
    """This session's job for the key, begun where it is not there yet; any other one in the slot is stopped.

    Args:
        slot: a name in the session.
        key: all that the results depend on.
        steps: called in the thread; it must not touch the page.
    """
    give_way(slot, key)
    job = st.session_state.get(slot)
    if not isinstance(job, Job) or job.key != key:
        job = st.session_state[slot] = Job(key)
        _queue().put((job, steps))
    return job


def _serve(waiting: Queue) -> None:
    while True:
        _work(*waiting.get())


def _work(job: Job, steps: Steps) -> None:
    try:
        if job.stop.wait(QUIET_SECONDS):
            return
        for result in steps():
            if job.stop.is_set():
                return
            job.results.append(result)
    except Exception as error:  # noqa: BLE001  (of any kind: the page has the words for it)
        job.error = error
    finally:
        job.done = True
