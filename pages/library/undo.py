"""Deleting with a way back: what was deleted last, and where it stood, so that "Undo" stands there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.errors import sentences
from pages.common.session import manager
from pages.library.filters import Wanted, choose, chosen_ids
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
        id: in the trash.
        name: that it is shown by.
        before: how many rows stand above where it was.
    """

    id: str
    name: str
    before: int


def delete(runs: Sequence[Summary], fits: Sequence[Summary], wanted: Wanted) -> None:
    """Moves runs to the trash, and remembers where each stood in the list `fits`."""
    gone: list[Deleted] = []
    for one in runs:
        with sentences():
            trashed = trash.delete(one.run)
            place = next((at for at, row in enumerate(fits) if row.id == one.id), 0)
            gone.append(Deleted(trashed.id, trashed.name, place))
    gone.sort(key=lambda each: each.before)
    moved = [Deleted(each.id, each.name, each.before - above) for above, each in enumerate(gone)]
    st.session_state[KEPT] = (wanted, moved)
    left = {one.id for one in runs if files.is_folder(one.run.folder)}
    choose([one for one in chosen_ids() if one in left or one not in {each.id for each in runs}])


def deleted(wanted: Wanted) -> list[Deleted]:
    """What was deleted last, as long as the list is sorted and filtered as it was then."""
    kept = st.session_state.get(KEPT)
    return kept[1] if kept is not None and kept[0] == wanted else []


def bring_back(trashed_id: str) -> None:
    """Undoes one deletion and chooses the run.

    Raises:
        RunNotFound, CheckpointCorrupt, ConfigError, SchemaTooNew, DiskError: as `trash.restore`.
    """
    forget(trashed_id)
    run = trash.restore(manager().root, trashed_id)
    choose([run.id])


def forget(trashed_id: str) -> None:
    """Takes away the line with "Undo" of one run."""
    kept = st.session_state.get(KEPT)
    if kept is not None:
        st.session_state[KEPT] = (kept[0], [each for each in kept[1] if each.id != trashed_id])


def stop_and_wait(runs: Sequence[Run]) -> None:
    """Stops runs and waits until their processes have saved and ended.

    Raises:
        RunStateError: one has not ended after 20 seconds.
    """
    for run in runs:
        manager().stop(run)
    leave = time.monotonic() + STOP_SECONDS
    for run in runs:
        while files.is_locked(run.lock_path):
            if time.monotonic() > leave:
                raise RunStateError(f"The run {run.name!r} has not stopped yet; wait for it, then delete it.")
            time.sleep(0.1)
