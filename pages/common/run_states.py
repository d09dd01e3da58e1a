"""The colour of each run state, and whether a run's worker has finished with it."""

from __future__ import annotations

import time

from pages.common.running_chip import Colour
from vae_core.storage.runs import Run
from vae_core.storage.states import State

_COLOURS: dict[State, Colour] = {
    State.RUNNING: "green",
    State.DONE: "blue",
    State.PAUSED: "orange",
    State.QUEUED: "gray",
    State.STOPPED: "gray",
}
SETTLED_SECONDS = 20.0
"""A worker computes its run's figures itself; if they are missing after this time, it will not."""


def colour_of(state: State) -> Colour:
    """The colour of a state's badge; red for failures."""
    return _COLOURS.get(state, "red")


def has_settled(run: Run) -> bool:
    """Whether the final weights are old enough that the run's worker no longer works on them."""
    try:
        return time.time() - (run.folder / "model.json").stat().st_mtime > SETTLED_SECONDS
    except OSError:
        return False
