"""The states of a run, and what each of them allows."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How a run stands. The first seven are written to `status.json`; a reader concludes the other three.

    Attributes:
        INTERRUPTED: it says that it runs, and no process holds its lock: its worker died.
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
        """Whether it is being trained, or waits for its turn or for a person."""
        return self in (State.RUNNING, State.PAUSED, State.QUEUED)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it unless somebody resumes it."""
        return not self.is_active

    @property
    def is_in_progress(self) -> bool:
        """Whether it goes on by itself: it runs, or waits for its turn."""
        return self in (State.RUNNING, State.QUEUED)

    @property
    def has_failed(self) -> bool:
        """Whether its training ended with an error, which its status explains."""
        return self in (State.FAILED, State.DIVERGED)

    @property
    def can_resume(self) -> bool:
        """Whether training can go on from its newest checkpoint."""
        return self.should_resume or self is State.DIVERGED

    @property
    def should_resume(self) -> bool:
        """Whether resuming can lead further: a diverged run would only diverge again."""
        return self in (State.PAUSED, State.STOPPED, State.FAILED, State.INTERRUPTED)

    @property
    def is_written(self) -> bool:
        """Whether `status.json` may hold it."""
        return self not in (State.INTERRUPTED, State.GONE, State.DAMAGED)
