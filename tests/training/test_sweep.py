"""Sweeps: what they ask for, the same start for the same seed, and real workers, one of them killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.outcome import is_training, wait_for, worker_of
from vae_core.config import RunConfig, make_config
from vae_core.data.datasets import Dataset
from vae_core.errors import ConfigError, RunLocked
from vae_core.evaluation.comparison import Point, slope_check
from vae_core.metrics.elbo import elbo_terms
from vae_core.storage import files
from vae_core.storage.runs import Control, Run, create_run, list_runs
from vae_core.training import sweep as sweep_module
from vae_core.training.driver import Driver
from vae_core.training.loop import Trainer, train
from vae_core.training.manager import Manager
from vae_core.training.sweep import MAX_RUNS, Sweep, estimate, split_values, sweep_configs
from vae_core.training.worker import work

QUICK = make_config(batch_size=32, epochs=2, hidden="16", limit=256)
ENDLESS = QUICK.changed(epochs=100_000)


def test_all_seeds_of_a_value_stand_together() -> None:
    configs = sweep_configs(QUICK, "beta", ["1", 2.5], seeds=["0", 7])
    assert [(c.objective.beta, c.training.seed) for c in configs] == [(1, 0), (1, 7), (2.5, 0), (2.5, 7)]
    assert {c.changed(beta=1, seed=0) for c in configs} == {QUICK}


@pytest.mark.parametrize(
    ("field", "text", "values"),
    [
        ("latent", "2, 4,8", [2, 4, 8]),
        ("model", "ae,vae", ["ae", "vae"]),
        ("likelihood", "bernoulli,gaussian", ["bernoulli", "gaussian"]),
        ("hidden", "256,64; none;8", [(256, 64), (), (8,)]),
    ],
)
def test_any_field_may_stand_in_betas_place(field: str, text: str, values: list[object]) -> None:
    configs = sweep_configs(make_config(), field, split_values(text, field))
    assert [config.flat()[field] for config in configs] == values


def test_another_architecture_comes_with_its_own_sizes() -> None:
    usual = sweep_configs(make_config(), "architecture", ["mlp", "conv"])
    assert [config.model.hidden for config in usual] == [(256, 64), (32, 64, 64)]
    chosen = sweep_configs(make_config(hidden="8"), "architecture", ["mlp", "conv"])
    assert [config.model.hidden for config in chosen] == [(8,), (8,)]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"values": ["much"]}, "beta must be a number, 0 to 1000, not 'much'."),
    ({"values": [-1]}, "beta must be 0 to 1000, not -1."),
    ({"values": ["nan"]}, "beta must be "),
    ({"values": [float("inf")]}, "beta must be "),
    ({"values": []}, "A sweep needs at least one value of beta; name some, such as 0,1,2."),
    ({"values": [1], "seeds": []}, "A sweep needs at least one seed; name some, such as 0,1,2."),
    ({"values": [1, 2, "1.0"]}, "beta 1 is given twice; name each value once."),
    ({"values": [1], "seeds": [3, "3"]}, "seed 3 is given twice; name each value once."),
    ({"values": [1], "seeds": [-1]}, "seed must be 0 to 4294967295, not -1."),
    ({"values": range(100)}, "A sweep takes at most 24 values of beta, not 100; leave some out."),
    ({"values": range(20), "seeds": range(6)}, "20 values with 6 seeds are 120 runs, and a sweep has at most 100;"),
    ({"values": [1], "field": "seed"}, "A sweep goes over one of dataset, limit,"),
    ({"values": [1], "field": "depth"}, "not over 'depth'."),
    ({"values": [0.1, 1], "field": "sigma"}, "sigma makes no difference to such a run: the other settings leave"),
    ({"values": [1, 2], "base": QUICK.changed(model="ae")}, "beta makes no difference to such a run: an autoencoder"),
    ({"values": [1, 2], "base": QUICK.changed(capacity=3)}, "with a capacity, gamma weighs the KL"),
]


@pytest.mark.parametrize(("asked", "sentence"), WRONG)
def test_what_cannot_be_swept_is_one_sentence(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        sweep_configs(**{"base": QUICK, "field": "beta", **asked})
    assert sentence in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_a_hundred_runs_are_allowed() -> None:
    assert len(sweep_configs(QUICK, "beta", range(1, 21), range(5))) == MAX_RUNS == 100


def test_the_same_seed_starts_alike_whatever_the_beta(small: Dataset) -> None:
    """To the bit: the weights at step 0, and the images of every batch of two epochs."""
    one, other = (Trainer(config, small) for config in sweep_configs(QUICK, "beta", [0, 1000]))
    for left, right in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(left, right)
    third = Trainer(QUICK.changed(seed=1), small)
    assert any(not torch.equal(a, b) for a, b in zip(one.model.parameters(), third.model.parameters(), strict=True))
    while one.step < one.total_steps:
        assert torch.equal(one.batch(), other.batch())
        one.step += 1
        other.step += 1
    one.step = other.step = 0
    one.train_step()
    other.train_step()
    assert any(not torch.equal(a, b) for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True))


def test_a_sweep_that_is_not_converged_fails_the_check(small: Dataset) -> None:
    """Beta 1 has seen a hundred steps and beta 2 four hundred: the second is better in the first one's objective."""
    points = []
    for beta, epochs in ((1.0, 8), (2.0, 32)):
        trainer = Trainer(make_config(batch_size=32, epochs=epochs, hidden="16", beta=beta), small)
        for _ in train(trainer):
            pass
        images = small.train_images
        reconstruction, kl = elbo_terms(trainer.model, trainer.likelihood, images, seed=0)
        points.append(
            Point(str(beta), 0, beta, beta, 2, True, trainer.step, reconstruction, kl, reconstruction + float(kl or 0))
        )
    (slope,) = slope_check(points)
    assert slope.ok is False and slope.gain_low > 1.0, slope


def test_the_estimate_shares_the_work_among_the_cores(runs_root: Path) -> None:
    configs = sweep_configs(make_config(epochs=10), "beta", [1, 2, 3, 4])
    alone, two, many = (estimate(configs, runs_root, slots) for slots in (1, 2, 64))
    assert alone.seconds == pytest.approx(2 * two.seconds) == pytest.approx(4 * many.seconds)
    assert str(alone).startswith("4 runs, about ")
    run = create_run(runs_root, configs[1])
    run.write_status(replace(run.status(), state="done", epoch=10.0))
    fewer = estimate(configs, runs_root, 1)
    assert (fewer.runs, fewer.existing) == (4, 1) and fewer.seconds == pytest.approx(0.75 * alone.seconds)
    assert str(fewer).startswith("4 runs, 1 already there, about ")
    assert str(estimate(configs[1:2], runs_root, 1)) == "1 run, all already there"


class Recorder:
    """Makes the folders that a manager would, and trains nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def submit(
        self, config: RunConfig, name: str = "", control: Control | None = None, *, retries: int | None = None
    ) -> Run:
        return create_run(self.root, config, name)

    def resume(self, run: Run, control: Control | None = None) -> None: ...

    def pause(self, run: Run) -> None: ...

    def stop(self, run: Run) -> None: ...

    def place(self, run: Run) -> int | None: ...

    def active(self) -> list[Run]:
        return []


def test_runs_of_a_sweep_are_named_by_what_differs(runs_root: Path) -> None:
    configs = sweep_configs(RunConfig(), "beta", [1, 2.5], [0, 3])
    names = [run.name for run in Sweep.start(Recorder(runs_root), configs, runs_root).runs]
    assert names[0] == "beta 1, seed 0: VAE, 2 latents, beta 1, mnist-sample"
    assert [name.partition(":")[0] for name in names[1:]] == ["beta 1, seed 3", "beta 2.5, seed 0", "beta 2.5, seed 3"]
    sizes = sweep_configs(RunConfig(), "hidden", ["64", "64,32"])
    named = [run.name.partition(":")[0] for run in Sweep.start(Recorder(runs_root), sizes, runs_root).runs]
    assert named == ["hidden 64", "hidden 64,32"]
    alone = sweep_configs(RunConfig(), "beta", [9])
    assert Sweep.start(Recorder(runs_root), alone, runs_root).runs[0].name == "VAE, 2 latents, beta 9, mnist-sample"


@pytest.mark.slow
def test_a_sweep_is_trained_and_found_again(manage: Callable[..., Manager], runs_root: Path) -> None:
    manager = manage(slots=2)
    configs = sweep_configs(QUICK, "beta", [1, 4, 8])
    sweep = Sweep.start(manager, configs, runs_root)
    progress = sweep.progress()
    assert progress.total == 3 and not progress.over and progress.members[2].place == 1
    assert str(progress).startswith("0 of 3 runs done")
    twin = Sweep.start(manager, configs, [runs_root])
    assert twin.runs == sweep.runs, "what is on its way is not started again"
    wait_for(lambda: sweep.progress().over, "the sweep")
    progress = sweep.progress()
    assert (progress.done, progress.share, str(progress)) == (3, 1.0, "3 of 3 runs done")
    again = Sweep.start(manager, sweep_configs(QUICK, "beta", [4, 8, 16]), runs_root)
    assert again.runs[:2] == sweep.runs[1:] and again.runs[2] not in sweep.runs
    wait_for(lambda: again.progress().members[2].state == "done", "the new one")
    wait_for(lambda: not manager.active(), "the workers to be done with their figures")
    files.remove_tree(sweep.runs[0].folder)
    (sweep.runs[1].folder / "status.json").write_bytes(b"{")
    states = [member.state for member in sweep.progress().members]
    assert states == ["gone", "damaged", "done"] and "is gone; leave it out" in sweep.progress().members[0].message


@pytest.mark.slow
def test_a_sweep_pauses_goes_on_and_stops_as_one(manage: Callable[..., Manager], runs_root: Path) -> None:
    manager = manage(slots=1)
    sweep = Sweep.start(manager, sweep_configs(ENDLESS, "beta", [1, 4, 8]), runs_root)
    wait_for(lambda: is_training(sweep.runs[0]), "the first to train")
    sweep.pause()
    wait_for(lambda: sweep.progress().count("paused") == 3, "the pause of all")
    assert manager.active() == [sweep.runs[0]] and not sweep.progress().over
    assert sweep.runs[1].status().step == 0, "none starts while all are paused"
    sweep.resume()
    step = sweep.runs[0].status().step
    wait_for(lambda: sweep.runs[0].status().step > step, "the first to go on")
    assert [member.place for member in sweep.progress().members] == [None, 1, 2]
    sweep.stop()
    wait_for(lambda: sweep.progress().count("stopped") == 3, "the stop of all")
    assert sweep.progress().over and not any(run.status().step for run in sweep.runs[1:])
    again = Sweep.start(manager, sweep_configs(ENDLESS, "beta", [1, 4, 8]), runs_root)
    assert again.runs == sweep.runs, "what was stopped goes on"
    again.stop()
    wait_for(lambda: again.progress().over, "the second stop")


def killed(run: Run, done: set[int]) -> None:
    """Kills the worker that trains it, once it is another one than before."""
    wait_for(lambda: is_training(run) and worker_of(run) not in done, "a worker")
    done.add(worker_of(run))
    os.kill(worker_of(run), signal.SIGKILL)


@pytest.mark.slow
def test_a_worker_that_dies_is_followed_by_two_and_the_others_get_done(
    manage: Callable[..., Manager], runs_root: Path
) -> None:
    manager = manage(slots=2)
    sweep = Sweep.start(manager, [ENDLESS, *sweep_configs(QUICK, "beta", [2, 4])], runs_root)
    doomed, dead = sweep.runs[0], set[int]()
    killed(doomed, dead)
    killed(doomed, dead)
    killed(doomed, dead)
    wait_for(lambda: doomed.state() == "failed", "the run to be given up")
    assert len(dead) == 3 and doomed.status().message.startswith("Its worker died 3 times; the run's worker.log")
    wait_for(lambda: sweep.progress().over, "the others")
    assert [member.state for member in sweep.progress().members] == ["failed", "done", "done"]


@pytest.mark.slow
def test_a_restarted_server_knows_how_often_it_was_tried(manage: Callable[..., Manager], runs_root: Path) -> None:
    """Three runs whose workers died with the server: one may be tried again, one may not, one is no sweep's."""
    runs = [create_run(runs_root, QUICK, run_id=name) for name in ("again", "given-up", "single")]
    for run, left in zip(runs, (1, 0, None), strict=True):
        run.write_status(replace(run.status(), state="running", retries_left=left))
    manage(slots=1)
    wait_for(lambda: runs[0].state() == "done", "the one that is tried again")
    assert [run.state() for run in runs] == ["done", "failed", "interrupted"]
    assert runs[0].status().retries_left == 0


@pytest.mark.slow
def test_a_manager_of_a_command_leaves_the_runs_of_others(manage: Callable[..., Manager], runs_root: Path) -> None:
    waiting = create_run(runs_root, QUICK)
    manager = manage(slots=1, adopt=False)
    assert manager.active() == [] and waiting.state() == "queued"
    taken = create_run(runs_root, QUICK)
    taken.write_status(replace(taken.status(), state="done"))
    manager._enqueue(taken)
    wait_for(lambda: not manager.active(), "the queue to be empty")
    assert taken.status().state == "done" and not (taken.folder / "worker.log").exists(), "somebody else had it"


def test_a_run_left_queued_by_a_killed_command_is_taken_over_or_stopped(tmp_path: Path) -> None:
    left = create_run(tmp_path, QUICK)
    manager = Manager(tmp_path, slots=1, adopt=False)
    manager._start = lambda run, free: None  # type: ignore[method-assign]
    taken: list[Run] = []
    manager._enqueue = taken.append  # type: ignore[method-assign]
    try:
        assert left.status().state == "queued" and manager.place(left) is None
        swept = Sweep.start(manager, [QUICK], tmp_path)
        assert swept.runs == (left,) and taken == [left]
        swept.stop()
        assert left.status().state == "stopped"
    finally:
        manager.close()


class Submitter:
    """An executor that makes runs and trains none."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def submit(self, config: RunConfig, name: str = "", *, retries: int | None = None) -> Run:
        return create_run(self.root, config, name)

    def place(self, run: Run) -> int | None:
        return None

    def take_over(self, run: Run) -> None:
        """It would train the run as well as the sweep that submitted it."""


def test_two_equal_sweeps_at_once_share_their_runs(runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs, listed = sweep_configs(QUICK, "beta", [1, 2], seeds=[0, 1]), sweep_module.runs_of

    def slowly(roots: Any) -> list[Run]:
        found = listed(roots)
        time.sleep(0.2)  # the other sweep has time to list the same
        return found

    monkeypatch.setattr(sweep_module, "runs_of", slowly)
    with ThreadPoolExecutor() as pool:
        started = [pool.submit(Sweep.start, Submitter(runs_root), configs, runs_root) for _ in range(3)]  # type: ignore[arg-type]
        sweeps = [each.result() for each in started]
    assert len({tuple(run.id for run in sweep.runs) for sweep in sweeps}) == 1
    assert len(list_runs(runs_root)[0]) == len(configs)


def test_a_run_that_another_process_finished_meanwhile_is_not_trained_again(runs_root: Path) -> None:
    run = create_run(runs_root, QUICK, run_id="shared")
    late = Driver(run)
    Driver(run).drive()
    kept = {path.name: path.stat().st_mtime_ns for path in run.folder.glob("*.json")}
    with pytest.raises(RunLocked, match="was trained by another process meanwhile"):
        late.drive()
    assert work(run.folder) == 0
    assert kept == {path.name: path.stat().st_mtime_ns for path in run.folder.glob("*.json")}
