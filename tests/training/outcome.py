"""What a run left behind, to be compared with another's, and waiting for a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vae_core.storage.records import Record, read_records
from vae_core.storage.runs import Run

CLOCK = "seconds"
PATIENCE = 60.0
"""Seconds within which a process on a busy machine must have done what it was asked to."""


def outcome(run: Run) -> dict[str, Any]:
    """All that must not depend on kills and pauses: weights, optimizer, records and film, without clocks."""
    kept = [*run.folder.glob("*.safetensors"), *run.folder.glob("film/*.npz")]
    return {
        "records": without_clock(read_records(run.folder / "metrics.jsonl")),
        **{path.relative_to(run.folder).as_posix(): path.read_bytes() for path in kept if _at_the_end(path, run)},
    }


def _at_the_end(path: Path, run: Run) -> bool:
    """Steps kept on the way depend on when checkpoints were taken; the last one does not."""
    return not path.name.startswith("step-") or path.name == f"step-{run.status().step:08d}.safetensors"


def without_clock(records: list[Record]) -> list[Record]:
    return [{key: value for key, value in record.items() if key != CLOCK} for record in records]


def assert_same(run: Run, other: Run) -> None:
    """The two runs ended with the same bits."""
    left, right = outcome(run), outcome(other)
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []


def leftovers(run: Run) -> list[str]:
    return [path.name for path in run.folder.rglob(".*.tmp")]


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Polls until the condition holds."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        time.sleep(0.02)
