"""What each state allows, as one table."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae_core.config import RunConfig
from vae_core.errors import CheckpointCorrupt
from vae_core.storage import files, runs
from vae_core.storage.runs import Run, Status
from vae_core.storage.states import State


@pytest.fixture
def run(runs_root: Path) -> Run:
    return runs.create_run(runs_root, RunConfig(), run_id="a-run")


TABLE = {  # active, in progress, failed, can resume, should resume, written
    "running": (True, True, False, False, False, True),
    "queued": (True, True, False, False, False, True),
    "paused": (True, False, False, True, True, True),
    "stopped": (False, False, False, True, True, True),
    "done": (False, False, False, False, False, True),
    "diverged": (False, False, True, True, False, True),
    "failed": (False, False, True, True, True, True),
    "interrupted": (False, False, False, True, True, False),
    "gone": (False, False, False, False, False, False),
    "damaged": (False, False, False, False, False, False),
}


def test_every_state_says_what_can_be_done() -> None:
    assert {
        state.value: (
            state.is_active, state.is_in_progress, state.has_failed, state.can_resume, state.should_resume, state.is_written
        )
        for state in State
    } == TABLE  # fmt: skip
    assert all(state.has_ended is not state.is_active for state in State)


@pytest.mark.parametrize("state", [state for state in State if not state.is_written])
def test_a_state_that_readers_conclude_is_never_written(state: State) -> None:
    with pytest.raises(ValueError, match="never written"):
        Status(state)


@pytest.mark.parametrize("state", ["interrupted", "gone", "flying"])
def test_a_status_file_with_such_a_state_is_damaged(state: str, run: Run) -> None:
    files.write_json(run.folder / "status.json", {"schema": 1, "state": state})
    with pytest.raises(CheckpointCorrupt, match=rf"^status\.json is damaged: state is '{state}'; restore"):
        run.status()


def test_a_state_is_text_wherever_it_is_shown_or_sent(run: Run) -> None:
    run.write_status(Status(State.RUNNING))
    assert f"{run.status().state}" == "running" and b'"state": "running"' in (run.folder / "status.json").read_bytes()
    assert runs.open_run(run.folder.parent, run.id).state() is State.INTERRUPTED
