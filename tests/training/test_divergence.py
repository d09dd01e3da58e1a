"""A run that diverges keeps weights whose own loss was sound, and all that it shows is of one step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from tests.training.outcome import assert_same, trained
from vae_core.config import RunConfig
from vae_core.data.datasets import Dataset
from vae_core.errors import RunStateError
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import checkpoints
from vae_core.storage.frames import Film, read_preview
from vae_core.storage.records import Record, read_records
from vae_core.storage.runs import Control, Run, Status
from vae_core.storage.usable_steps import broken_step, check_usable, usable_steps
from vae_core.training.driver import Driver
from vae_core.training.loop import Trainer
from vae_core.training.remedy import remedy, smaller_rate

NewRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def short(use_small: Dataset) -> None:
    """Every driver here trains on the small cut."""


def test_a_loss_that_explodes_ends_as_diverged(new_run: NewRun, toy: RunConfig) -> None:
    run = new_run("exploding", toy.changed(lr=1.0, hidden="256,64"))
    status = Driver(run).drive()
    assert status.state == "diverged" and status.diverged_at is not None and status.step < status.diverged_at - 1
    assert f"at step {status.diverged_at}" in status.message and "0.001" in status.message
    assert f"those of step {status.step}" in status.message
    assert_one_step(run)


def test_a_poisoned_batch_ends_as_diverged(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = Trainer.batch

    def poisoned(trainer: Trainer) -> torch.Tensor:
        return healthy(trainer) * (float("nan") if trainer.step == 7 else 1.0)

    monkeypatch.setattr(Trainer, "batch", poisoned)
    run = new_run("poisoned")
    status = Driver(run).drive()
    assert (status.state, status.step, status.diverged_at) == ("diverged", 0, 8) and "at step 8" in status.message
    monkeypatch.setattr(Trainer, "batch", healthy)
    Driver(run).drive()
    assert_same(run, trained(new_run("left-alone")))


def assert_one_step(run: Run) -> None:
    """All that a run keeps after a divergence is of one step, or earlier; its loss is sound."""
    status = run.status()
    found = checkpoints.load_newest(run.folder)
    assert found is not None and found[1]["step"] == status.step
    assert checkpoints.load(run.folder, "model")[1]["step"] == status.step
    assert max(checkpoints.kept_steps(run.folder)) == status.step
    records = read_records(run.folder / "metrics.jsonl")
    assert max(record["step"] for record in records) == status.step
    film = Film(run.folder)
    film.poll()
    preview = read_preview(run.folder)
    assert preview is not None and preview.step == status.step >= film.frames[-1].step
    assert status.best_step is not None and status.best_step <= status.step
    figures = evaluate_run(run)
    assert figures["step"] == status.step and figures["negative_elbo_nats"] < 1000


@pytest.mark.parametrize("steps", [1, 2, 13])
def test_the_weights_that_a_run_ends_with_were_looked_at(steps: int, new_run: NewRun, toy: RunConfig) -> None:
    """The last update, of a run that ends there, pauses there or is stopped there, is as fatal as any other."""
    run = new_run("last", toy.changed(lr=1.0, hidden="256,64", limit=32, epochs=steps))
    assert Driver(run).drive().state == "diverged"
    assert_one_step(run)
    stopped = new_run("stopped", toy.changed(lr=1.0, hidden="256,64"))
    driver = Driver(stopped)
    driver.stop()
    assert driver.drive().state == "diverged", "after one step"
    assert_one_step(stopped)


def broken_updates(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Lets the update of step `at` ruin the weights, as a learning rate that is too large does."""
    healthy = Trainer.train_step

    def ruined(trainer: Trainer) -> Record | None:
        record = healthy(trainer)
        if trainer.step == at:
            with torch.no_grad():
                for parameter in trainer.flat.parameters:
                    parameter.mul_(1e4)
        return record

    monkeypatch.setattr(Trainer, "train_step", ruined)


@pytest.mark.parametrize(("at", "kept"), [(5, 0), (9, 0), (10, 0), (11, 10), (15, 10), (25, 20), (39, 20)])
def test_the_newest_sound_evaluation_is_kept_after_a_divergence(
    at: int, kept: int, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        broken_updates(patch, at)
        run = new_run("ruined")
        status = Driver(run).drive()
        assert (status.state, status.step, status.diverged_at) == ("diverged", kept, at + 1)
        assert_one_step(run)
    assert_same(trained(run), trained(new_run("left-alone")))
    assert run.status().diverged_at is None


def test_a_checkpoint_is_gone_back_to_if_it_is_newer(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_updates(monkeypatch, 8)
    run = new_run("saved")
    assert Driver(run, checkpoint_seconds=0.0).drive().step == 7
    assert_one_step(run)


def test_a_resumed_run_goes_back_behind_broken_weights_of_an_older_version(new_run: NewRun, toy: RunConfig) -> None:
    """Such a run kept, as its newest step, the weights whose loss had ended it."""
    run = new_run("older")
    run.write_control(Control(step_until=20))
    Driver(run, idle_seconds=0.0).drive()
    tensors, record = checkpoints.load(run.folder, checkpoints.step_name(20))
    broken = {name: value * np.float32(1e4) for name, value in tensors.items()}
    checkpoints.save(run.folder, checkpoints.step_name(21), broken, {**record, "step": 21})
    checkpoints.save(run.folder, "model", broken, {**record, "step": 21})
    run.write_status(Status(state="diverged", step=21, total_steps=39))
    assert broken_step(run) == 21 and 21 not in usable_steps(run) and 20 in usable_steps(run)
    with pytest.raises(RunStateError, match=r"diverged with the weights of step 21, .* choose .*\(20\)"):
        check_usable(run, 21)
    assert evaluate_run(run)["step"] == run_best(run), "the best weights stand in for the broken ones"
    assert_same(trained(run), trained(new_run("left-alone")))


def run_best(run: Run) -> int:
    found = checkpoints.load_best(run.folder)
    assert found is not None
    return int(found[1]["step"])


def test_a_run_that_starts_from_broken_weights_says_so(new_run: NewRun, toy: RunConfig) -> None:
    parent = trained(new_run("parent"))
    tensors, record = checkpoints.load(parent.folder, "model")
    broken = {name: value * np.float32(1e3) for name, value in tensors.items()}
    checkpoints.save(parent.folder, "model", broken, {**record, "step": 40})
    sound, ruined = (new_run(f"from-{step}", toy.changed(parent=f"parent@{step}", epochs=1)) for step in (39, 40))
    assert Driver(sound).drive().notes == ()
    assert any("starts from are broken: parent@40 gives a loss of" in note for note in Driver(ruined).drive().notes)


def test_the_remedy_is_a_smaller_learning_rate_from_the_newest_sound_step(
    new_run: NewRun, toy: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [smaller_rate(lr) for lr in (1.0, 0.02, 1e-3, 3e-4)] == [1e-3, 1e-3, 1e-4, 3e-5]
    early = new_run("early", toy.changed(lr=1.0, hidden="256,64"))
    Driver(early).drive()
    assert remedy(early) == early.config.changed(lr=1e-3), "step 0 is a function of the seed"
    with monkeypatch.context() as patch:
        broken_updates(patch, 15)
        late = new_run("late")
        Driver(late).drive()
    assert remedy(late) == late.config.changed(lr=1e-4, parent="late@10")
    again = new_run("again", remedy(late))
    assert Driver(again).drive().state == "done" and again.status().notes == ()
