from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from vae_core.config import RunConfig
from vae_core.data.datasets import Dataset
from vae_core.storage.runs import Run
from vae_core.training import clock
from vae_core.training.loop import Trainer
from vae_core.training.reporter import Reporter
from vae_core.training.sink import RunFolder


@pytest.fixture
def run(new_run: Callable[..., Run]) -> Run:
    return new_run("reported")


def test_the_status_names_the_state_before_there_is_a_training(run: Run) -> None:
    reporter = Reporter(RunFolder(run))
    reporter.report_loading("reading images", 0.5)
    assert (run.status().state, run.status().message, run.status().step) == ("running", "reading images, 50%", 0)
    reporter.report_loading("reading images", 0.6)
    assert run.status().message == "reading images, 50%", "the next status is not due yet"


def test_the_status_follows_the_training(run: Run, toy: RunConfig, small: Dataset) -> None:
    reporter = Reporter(RunFolder(run))
    reporter.trainer = trainer = Trainer(toy, small)
    reporter.stopwatch.start()
    for _ in range(13):
        trainer.train_step()
        reporter.images += trainer.images_in(trainer.step)
    reporter.stopwatch.stop()
    reporter.write_status("paused")
    status = run.status()
    assert (status.state, status.step, status.total_steps, status.epoch) == ("paused", 13, 39, 1.0)
    assert status.images_per_second == pytest.approx(410 / reporter.stopwatch.seconds)
    reporter.write_status("running")
    assert run.status().heartbeat == status.heartbeat + 1


def test_a_run_that_cannot_be_taken_up_gets_its_earlier_state_back(run: Run) -> None:
    before = replace(run.status(), state="queued", was="stopped", step=20, heartbeat=7)
    run.write_status(before)
    reporter = Reporter(RunFolder(run))
    reporter.write_status("running")
    reporter.write_earlier_status(before, "There is no such file.")
    expected = replace(before, state="stopped", was="", message="There is no such file.", heartbeat=9)
    assert run.status() == expected


def test_an_expensive_preview_comes_less_often_unless_the_training_waits_anyway(
    run: Run, toy: RunConfig, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(RunFolder, "is_watched", lambda self: True)
    reporter = Reporter(RunFolder(run))
    reporter.trainer = Trainer(toy, small)
    written: list[float] = []

    def write_preview(sink: RunFolder, content: bytes) -> None:
        written.append(now[0])
        now[0] += 0.1  # what this preview costs

    monkeypatch.setattr(RunFolder, "write_preview", write_preview)
    for _ in range(100):
        reporter.report(at_full_speed=True)
        now[0] += 1.0
    assert len(written) == 10, "a hundredth of the time at most: one in ten seconds"
    written.clear()
    for _ in range(20):
        reporter.report(at_full_speed=False)
        now[0] += 1.0
    assert len(written) >= 19
