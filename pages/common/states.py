"""The colour of each state, and when a finished run has settled."""

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
"""A worker computes the figures of its run itself; later than this nobody does, if they are not there."""


def colour_of(state: State) -> Colour:
    """The colour of a state's badge; red unless all is well."""
    return _COLOURS.get(state, "red")


def has_settled(run: Run) -> bool:
    """Whether final weights stand there for so long that its worker is no longer at them."""
    try:
        return time.time() - (run.folder / "model.json").stat().st_mtime > SETTLED_SECONDS
    except OSError:
        return False
