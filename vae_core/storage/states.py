"""The states of a run and what each of them allows."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a run. The first seven are written to `status.json`; readers conclude the other three.

    Attributes:
        INTERRUPTED: its status is "running" but no process holds its lock: its worker died.
        GONE: its folder was removed.
        DAMAGED: its files cannot be read.
    """

    RUNNING = "running"
    PAUSED = "paused"
    QUEUED = "queued"
    STOPPED = "stopped"
    DONE = "done"
    DIVERGED = "diverged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    GONE = "gone"
    DAMAGED = "damaged"

    @property
    def is_active(self) -> bool:
        """Whether it is being trained, is queued, or is paused."""
        return self in (State.RUNNING, State.PAUSED, State.QUEUED)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens unless the run is resumed."""
        return not self.is_active

    @property
    def is_in_progress(self) -> bool:
        """Whether it proceeds without the user: it is running or queued."""
        return self in (State.RUNNING, State.QUEUED)

    @property
    def has_failed(self) -> bool:
        """Whether training ended with an error, which the status explains."""
        return self in (State.FAILED, State.DIVERGED)

    @property
    def can_resume(self) -> bool:
        """Whether training can continue from the newest checkpoint."""
        return self.should_resume or self is State.DIVERGED

    @property
    def should_resume(self) -> bool:
        """Whether resuming is worthwhile: a diverged run would only diverge again."""
        return self in (State.PAUSED, State.STOPPED, State.FAILED, State.INTERRUPTED)

    @property
    def is_written(self) -> bool:
        """Whether `status.json` may hold it."""
        return self not in (State.INTERRUPTED, State.GONE, State.DAMAGED)
