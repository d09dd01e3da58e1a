"""Deletion with undo: remembers the runs deleted last and their positions, where the table then offers "Undo"."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.errors import show_errors
from pages.common.session import manager
from pages.library.filters import Filters, choose, chosen_ids
from vae_core.errors import RunStateError
from vae_core.storage import files, trash
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run

STOP_SECONDS = 20.0
KEPT = "library-deleted"


@dataclass(frozen=True)
class Deleted:
    """A run that was deleted on this page.

    Attributes:
        id: of its folder in the trash.
        name: its display name.
        before: the number of rows above its former position.
    """

    id: str
    name: str
    before: int


def delete(runs: Sequence[Summary], matching: Sequence[Summary], filters: Filters) -> None:
    """Moves runs to the trash, and remembers their positions in `matching`."""
    gone: list[Deleted] = []
    for summary in runs:
        with show_errors():
            trashed = trash.delete(summary.run)
            place = next((at for at, row in enumerate(matching) if row.id == summary.id), 0)
            gone.append(Deleted(trashed.id, trashed.name, place))
    gone.sort(key=lambda each: each.before)
    moved = [Deleted(each.id, each.name, each.before - above) for above, each in enumerate(gone)]
    st.session_state[KEPT] = (filters, moved)
    left = {summary.id for summary in runs if files.is_folder(summary.run.folder)}
    choose([run_id for run_id in chosen_ids() if run_id in left or run_id not in {each.id for each in runs}])


def recently_deleted(filters: Filters) -> list[Deleted]:
    """Returns the runs deleted last, as long as filters and sorting are the same as then."""
    kept = st.session_state.get(KEPT)
    return kept[1] if kept is not None and kept[0] == filters else []


def undo_deletion(trashed_id: str) -> None:
    """Undoes a deletion and selects the run.

    Raises:
        RunNotFound, CheckpointCorrupt, ConfigError, SchemaTooNew, DiskError: like `trash.restore`.
    """
    forget_deletion(trashed_id)
    run = trash.restore(manager().root, trashed_id)
    choose([run.id])


def forget_deletion(trashed_id: str) -> None:
    """Removes the "Undo" row of a run."""
    kept = st.session_state.get(KEPT)
    if kept is not None:
        st.session_state[KEPT] = (kept[0], [each for each in kept[1] if each.id != trashed_id])


def stop_and_wait(runs: Sequence[Run]) -> None:
    """Stops runs and waits until their processes have saved and ended.

    Raises:
        RunStateError: a process has not ended after 20 seconds.
    """
    for run in runs:
        manager().stop(run)
    deadline = time.monotonic() + STOP_SECONDS
    for run in runs:
        while files.is_locked(run.lock_path):
            if time.monotonic() > deadline:
                raise RunStateError(f"The run {run.name!r} has not stopped yet; wait until it has, then delete it.")
            time.sleep(0.1)
