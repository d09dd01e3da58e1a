"""Prepares batches of pictures in several processes, a few batches ahead, in the order in which they are given."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from vae_core.data.own.found import Content
from vae_core.data.own.preparing import Batch, Recipe, prepare_batch, start_worker
from vae_core.errors import JobFailed

AHEAD = 2
"""Batches per process that are prepared or wait to be."""


def processes_here() -> int:
    """Returns the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepared(batches: Iterable[list[Content]], recipe: Recipe, processes: int) -> Generator[Batch]:
    """Yields each batch prepared; closing the iterator drops the rest.

    Raises:
        JobFailed: a process was killed, as for want of memory.
    """
    if processes < 2:
        yield from (prepare_batch(batch, recipe) for batch in batches)
        return
    # spawned, since a forked copy of a process with threads may hang
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=start_worker)
    pending: deque[Future[Batch]] = deque()
    try:
        for batch in batches:
            pending.append(pool.submit(prepare_batch, batch, recipe))
            if len(pending) >= AHEAD * processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise JobFailed(
            "A process that prepares pictures was ended, maybe for want of memory; start the import again, and it goes on."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
