"""Exact resume: a run that was interrupted ends with the same bits as one left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.outcome import assert_same, outcome
from vae_core.config import RunConfig, make_config
from vae_core.data import datasets
from vae_core.data.datasets import Dataset
from vae_core.errors import CheckpointCorrupt, CheckpointIncompatible, DataError, RunStateError
from vae_core.storage import checkpoints
from vae_core.storage.runs import Control, Run, extend_run, open_folder
from vae_core.training.driver import Driver
from vae_core.training.loop import Event, Stepped, Trainer
from vae_core.training.snapshot import restore, snapshot, weights

pytestmark = pytest.mark.usefixtures("use_small")
NewRun = Callable[..., Run]


def drive(run: Run, *, stop_at: int | None = None, **options: Any) -> Run:
    """Trains in a driver of its own, which stops by itself after a step."""
    driver = Driver(open_folder(run.folder), **options)

    def stop(event: Event, trainer: Trainer) -> None:
        if isinstance(event, Stepped) and event.step == stop_at:
            driver.stop()

    driver.on_event = stop
    driver.drive()
    return open_folder(run.folder)


@pytest.mark.slow
def test_every_step_can_be_the_one_at_which_a_run_stops(new_run: NewRun) -> None:
    left_alone = drive(new_run("left-alone"))
    assert left_alone.status().total_steps == 39
    for step in range(1, 40):
        run = drive(new_run(f"stopped-{step}"), stop_at=step)
        assert run.status().state == ("stopped" if step < 39 else "done") and run.status().step == step
        assert drive(run).status().state == "done"
        assert_same(run, left_alone)


@pytest.mark.parametrize(
    "change",
    [
        {"binarize": "dynamic"},
        {"likelihood": "gaussian-learned", "model": "ae"},
        {"beta_schedule": "linear", "warmup_epochs": 2.0, "encoder": "separate"},
        {"architecture": "conv", "hidden": "4"},
        {"architecture": "residual", "hidden": "4,3"},
        {"capacity": 4.0},
    ],
    ids=str,
)
def test_other_objectives_resume_exactly(change: dict[str, Any], new_run: NewRun, toy: RunConfig) -> None:
    left_alone = drive(new_run("left-alone", toy.changed(**change)))
    run = new_run("stopped", toy.changed(**change))
    for step in (5, 13, 21):
        drive(run, stop_at=step)
    assert_same(drive(run), left_alone)


def test_checkpoints_on_the_way_change_nothing(new_run: NewRun) -> None:
    assert_same(drive(new_run("often"), checkpoint_seconds=0.0), drive(new_run("seldom")))


def test_a_damaged_checkpoint_sends_the_run_back_to_the_one_before(new_run: NewRun) -> None:
    left_alone = drive(new_run("left-alone"))
    run = drive(new_run("damaged"), stop_at=20, checkpoint_seconds=0.0)
    assert checkpoints.steps(run.folder) == [20, 19]
    newest = run.folder / "step-00000020.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    drive(run)
    assert_same(run, left_alone)


def test_a_run_without_a_whole_checkpoint_says_so(new_run: NewRun) -> None:
    run = drive(new_run("damaged"), stop_at=20)
    (run.folder / "step-00000020.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointCorrupt, match="was cut short or changed"):
        drive(run)
    assert run.status().state == "stopped", "a run that cannot be taken up keeps its state"
    assert "was cut short" in run.status().message


def test_another_dataset_is_refused(new_run: NewRun, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    run = drive(new_run("changed"), stop_at=5)
    weights_before = (run.folder / "step-00000005.safetensors").read_bytes()
    monkeypatch.setattr(datasets, "load_dataset", lambda *arguments: replace(small, digest="0" * 64))
    with pytest.raises(DataError, match="is not the one that this run was trained on"):
        drive(run)
    assert (run.folder / "step-00000005.safetensors").read_bytes() == weights_before
    monkeypatch.setattr(datasets, "load_dataset", lambda *arguments: small)
    assert_same(drive(run), drive(new_run("left-alone")))


def test_another_thread_count_is_noted(new_run: NewRun, small: Dataset) -> None:
    run = drive(new_run("threads"), stop_at=5)
    assert run.status().notes == ()
    asked = json.loads((run.folder / "config.json").read_text())
    asked["training"]["threads"] = 2
    (run.folder / "config.json").write_text(json.dumps(asked))
    drive(run)
    (note,) = run.status().notes
    assert note == "Resumed, but not bit-identical to a run left alone: threads 1 to 2."


def test_a_longer_run_has_the_weights_of_one_that_was_long_from_the_start(new_run: NewRun, toy: RunConfig) -> None:
    long = drive(new_run("long", toy.changed(epochs=5)))
    run = drive(new_run("short"))
    assert run.is_finished()
    longer = extend_run(run, 5)
    assert not longer.is_finished()
    drive(longer)
    assert json.loads((run.folder / "config.json").read_text())["training"]["epochs"] == 3
    assert open_folder(run.folder).is_finished() and run.status().step == 65
    for name in ("model.safetensors", "step-00000065.safetensors"):
        assert outcome(run)[name] == outcome(long)[name]
    train = [record for record in outcome(run)["records"] if record["split"] == "train"]
    assert train == [record for record in outcome(long)["records"] if record["split"] == "train"]


def test_a_run_that_keeps_only_its_final_weights_is_not_started_over(new_run: NewRun) -> None:
    """A shipped example has no step files; starting from step 0 would destroy its records."""
    run = drive(new_run("example"))
    for path in run.folder.glob("step-*"):
        path.unlink()
    before = outcome(run), run.status()
    with pytest.raises(RunStateError, match="keeps only its final weights"):
        drive(extend_run(run, 5))
    assert (outcome(run), run.status()) == before


def test_the_weights_of_an_earlier_end_are_not_shown_while_the_run_goes_on(new_run: NewRun) -> None:
    run = drive(new_run("stopped"), stop_at=20)
    assert (run.folder / "model.json").exists()
    seen: list[bool] = []
    driver = Driver(run, on_event=lambda event, trainer: seen.append((run.folder / "model.json").exists()))
    driver.drive()
    assert not any(seen) and checkpoints.load(run.folder, "model")[1]["step"] == 39


def test_the_best_weights_are_kept_apart_from_the_final_ones(new_run: NewRun, toy: RunConfig) -> None:
    """With a long warm-up the target rises as it trains, so the best are those of step 0."""
    rising = {"beta": 100.0, "beta_schedule": "linear", "warmup_epochs": 30.0, "lr": 3e-3}
    run = drive(new_run("rising", toy.changed(**rising)))
    assert run.status().best_step == 0
    best = checkpoints.load_best(run.folder)
    assert best is not None and best[1]["step"] == 0
    fresh = weights(Trainer(run.config, datasets.load_dataset("mnist-sample")))
    assert all((best[0][name] == fresh[name]).all() for name in fresh)


def test_a_run_can_start_from_a_step_of_another(new_run: NewRun, toy: RunConfig) -> None:
    parent = drive(new_run("parent"), stop_at=20, checkpoint_seconds=0.0)
    given, record = checkpoints.load_step(parent.folder, 19)
    asked = make_config(parent="parent@19", **{**toy.flat(), "beta": 4.0, "epochs": 1})
    child = new_run("child", asked)
    first: list[dict[str, np.ndarray]] = []

    def keep_first(event: Event, trainer: Trainer) -> None:
        if trainer.step == 0 and not first:
            first.append(weights(trainer))

    Driver(child, on_event=keep_first).drive()
    assert record["step"] == 19 and first[0].keys() == given.keys()
    assert all((first[0][name] == given[name]).all() for name in given)
    assert json.loads((child.folder / "config.json").read_text())["parent"] == "parent@19"
    records = outcome(child)["records"]
    assert records[0]["step"] == 0 and records[0]["beta"] == 4.0, "the child counts its own steps"


def test_a_child_that_is_stopped_resumes_exactly(new_run: NewRun, toy: RunConfig) -> None:
    drive(new_run("parent"), stop_at=20)
    asked = make_config(parent="parent@20", **{**toy.flat(), "epochs": 2})
    run = drive(new_run("stopped", asked), stop_at=3)
    assert_same(drive(run), drive(new_run("left-alone", asked)))


def test_a_parent_of_another_network_is_refused(new_run: NewRun, toy: RunConfig) -> None:
    drive(new_run("parent"), stop_at=5)
    child = new_run("child", make_config(parent="parent@5", **{**toy.flat(), "latent": 3}))
    with pytest.raises(CheckpointIncompatible, match="another network"):
        drive(child)
    assert child.status().state == "failed"


def test_a_snapshot_survives_the_disk(small: Dataset, toy: RunConfig, tmp_path: Path) -> None:
    trainer = Trainer(toy, small)
    trainer.validate()
    for _ in range(5):
        trainer.train_step()
    trainer.latest["loss"] = float("nan")
    checkpoints.save(tmp_path, "step-00000005", *snapshot(trainer))
    other = Trainer(toy, small)
    restore(other, *checkpoints.load(tmp_path, "step-00000005"))
    assert other.latest == {name: value for name, value in trainer.latest.items() if name != "loss"}, "NaN is no JSON"
    assert (other.step, other.best, other.window) == (trainer.step, trainer.best, trainer.window)
    assert trainer.train_step() == other.train_step()
    assert torch.get_num_threads() == 1
    other.frame(with_log_variance=False)


def test_a_record_that_lacks_something_is_damaged(small: Dataset, toy: RunConfig) -> None:
    tensors, record = snapshot(Trainer(toy, small))
    for name in ("step", "best", "latest", "window", "notes", "environment"):
        with pytest.raises(CheckpointCorrupt):
            restore(Trainer(toy, small), tensors, {key: value for key, value in record.items() if key != name})


def test_requests_to_an_earlier_process_are_cleared(new_run: NewRun) -> None:
    """Paused at step 5 and killed: who resumes by hand wants it to run to the end."""
    run = drive(new_run("paused"), stop_at=5)
    run.write_control(Control(want="pause", step_until=5, rate=1.0))
    assert drive(run).status().state == "done" and run.control() == Control()


def test_a_request_to_stop_while_the_data_loads_is_heard(new_run: NewRun) -> None:
    run = new_run("loading")
    run.write_control(Control(want="stop"))
    assert drive(run).status().state == "stopped" and run.status().step == 1
