"""Runs and their workers in tests: training them, comparing what they left behind, and waiting for processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vae_core.storage.records import Record, read_records
from vae_core.storage.runs import Run
from vae_core.training.driver import Driver

CLOCK = "seconds"
PATIENCE = 60.0
"""Seconds a process on a busy machine may take for what it was asked to do."""


def trained(run: Run) -> Run:
    """The run after training in this process."""
    Driver(run).drive()
    return run


def is_training(run: Run) -> bool:
    return run.state() == "running" and run.status().step > 0


def worker_of(run: Run) -> int:
    """The process id of the worker that started on the run last, from its log."""
    lines = [line for line in (run.folder / "worker.log").read_text().splitlines() if " takes " in line]
    return int(lines[-1].split(" worker ")[1].split()[0])


def outcome(run: Run) -> dict[str, Any]:
    """What must not depend on kills and pauses: weights, optimizer, records and film, without times."""
    kept = [*run.folder.glob("*.safetensors"), *run.folder.glob("film/*.npz")]
    return {
        "records": without_clock(read_records(run.folder / "metrics.jsonl")),
        **{path.relative_to(run.folder).as_posix(): path.read_bytes() for path in kept if _at_the_end(path, run)},
    }


def _at_the_end(path: Path, run: Run) -> bool:
    """Intermediate checkpoints depend on when they were saved; the last one does not."""
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
