"""Work that a page does not wait for. One server thread does it, and a session's new job stops its previous one.

A job starts only after a short pause, so that a slider does not start one at every position it passes.
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
Queue = SimpleQueue[tuple["BackgroundJob", Steps]]


@dataclass(eq=False)
class BackgroundJob:
    """A job and its results so far.

    Attributes:
        key: everything the results depend on.
        results: a list that grows until the job is done.
        done: whether the job has ended: finished, stopped or failed.
        error: the exception that ended it, or None.
    """

    key: Hashable
    results: list[Any] = field(default_factory=list)
    done: bool = False
    error: Exception | None = None
    stop: threading.Event = field(default_factory=threading.Event, repr=False)


@st.cache_resource(show_spinner=False)
def _queue() -> Queue:
    """The queue of jobs. Starts the daemon thread that works through it."""
    waiting: Queue = SimpleQueue()
    threading.Thread(target=_serve, args=(waiting,), name="filters", daemon=True).start()
    return waiting


def stop_other_job(slot: str, key: Hashable) -> None:
    """Stops this session's job in the slot if it has another key, to free the processor for what comes next."""
    job = st.session_state.get(slot)
    if isinstance(job, BackgroundJob) and job.key != key:
        job.stop.set()


def latest_job(slot: str, key: Hashable, steps: Steps) -> BackgroundJob:
    """Returns this session's job for the key, starting it if necessary; a job for another key is stopped.

    Args:
        slot: the job's name in the session state.
        key: everything the results depend on.
        steps: yields the results. It is called in the thread and must not touch the page.
    """
    stop_other_job(slot, key)
    job = st.session_state.get(slot)
    if not isinstance(job, BackgroundJob) or job.key != key:
        job = st.session_state[slot] = BackgroundJob(key)
        _queue().put((job, steps))
    return job


def _serve(waiting: Queue) -> None:
    while True:
        _work(*waiting.get())


def _work(job: BackgroundJob, steps: Steps) -> None:
    try:
        if job.stop.wait(QUIET_SECONDS):
            return
        for result in steps():
            if job.stop.is_set():
                return
            job.results.append(result)
    except Exception as error:  # noqa: BLE001  (of any kind: the page shows it)
        job.error = error
    finally:
        job.done = True
