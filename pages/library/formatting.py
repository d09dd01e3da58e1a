"""Sizes, ages and states as text."""

from __future__ import annotations

from pages.common.components import run_table
from pages.common.run_states import colour_of
from pages.common.session import manager
from vae_core.storage.runs import Run, Status
from vae_core.storage.states import State
from vae_core.training.estimate import duration

MINUTE, HOUR, DAY = 60, 3600, 86_400


def size_text(count: int) -> str:
    """Formats a size in bytes: '812 B', '14 kB', '2.3 MB', '1.4 GB', in powers of 1,000."""
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} B"


def age_text(seconds: float) -> str:
    """Formats an age: 'now', '5 min', '3 h', '12 days'. Negative ages, after the clock was set back, are 'now'."""
    if seconds < MINUTE:
        return "now"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR:.0f} h"
    return f"{seconds // DAY:.0f} days"


def state_cell(run: Run, status: Status, state: State) -> run_table.State:
    """Returns the table's cell for the state of a run; for an active one it includes the progress."""
    colour = colour_of(state)
    if state.has_ended:
        return run_table.State(state, colour)
    place = manager().place(run)
    if state is State.QUEUED:
        return run_table.State(state, colour, text=f"place {place}" if place else "")
    share = status.step / status.total_steps if status.total_steps else 0.0
    text = f"epoch {status.epoch:.1f}"
    if state is State.RUNNING and status.step and status.seconds:
        left = duration((status.total_steps - status.step) * status.seconds / status.step)
        text += f", {' '.join(left.split()[:2])} left"
    return run_table.State(state, colour, share, text)
