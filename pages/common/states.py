"""How runs stand: which states are those of a training, the colour of each, and when a finished run has settled."""

from __future__ import annotations

import time

from pages.common.running_chip import Colour
from vae_core.storage.runs import Run

ACTIVE = ("running", "paused", "queued")
"""In the order in which they are listed."""
COLOURS: dict[str, Colour] = {
    "running": "green",
    "done": "blue",
    "paused": "orange",
    "queued": "gray",
    "stopped": "gray",
}
"""Of any other state it is red."""
SETTLED_SECONDS = 20.0
"""A worker computes the figures of its run itself; later than this nobody does, if they are not there."""


def has_settled(run: Run) -> bool:
    """Whether final weights stand there for so long that its worker is no longer at them."""
    try:
        return time.time() - (run.folder / "model.json").stat().st_mtime > SETTLED_SECONDS
    except OSError:
        return False
