"""Runs on a scheduler and two workers of this machine: the same bits, live progress, deaths, and what is refused."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vae_core.config import make_config
from vae_core.data import datasets
from vae_core.errors import ClusterError, RunStateError
from vae_core.storage import checkpoints, files
from vae_core.storage.frames import Film
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.records import read_records
from vae_core.storage.runs import create_run, list_runs
from vae_core.training import manager, remote
from vae_core.training.cluster import Cluster
from vae_core.training.driver import Driver
from vae_core.training.sweep import Sweep, sweep_configs

SHORT = make_config(limit=200, hidden="16", epochs=2, batch_size=32)
ENDLESS = SHORT.changed(epochs=100_000)
WAIT = 60.0


@dataclass
class Machines:
    """A scheduler and its workers, each a process."""

    folder: Path
    data: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"LATENT_LAB_DATA": str(self.data), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", f"distributed.cli.{module}", *options]
        log = (self.folder / "log").open("ab")
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=log, stderr=log, env=environment)
        log.close()
        self.processes.append(process)
        return process

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        place = self.folder / f"scheduler-{len(self.processes)}.json"
        process = self.start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show",
            "--scheduler-file", str(place),
        )  # fmt: skip
        until(place.exists)
        until(lambda: place.stat().st_size > 0)
        self.address = str(files.read_json(place)["address"])
        return process

    def start_worker(self) -> None:
        options = (self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1")
        self.workers.append(self.start("dask_worker", *options, "--local-directory", str(self.folder)))

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(timeout=WAIT)


def until(met: Callable[[], object]) -> None:
    """Waits for what must come."""
    late = time.monotonic() + WAIT
    while not met():
        assert time.monotonic() < late
        time.sleep(0.02)


def wait(sweep: Sweep) -> None:
    until(lambda: sweep.progress().over and not sweep.executor.active())


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """One scheduler with two workers, whose data folder holds no full dataset."""
    found = Machines(tmp_path_factory.mktemp("cluster"), tmp_path_factory.mktemp("empty"))
    try:
        found.start_scheduler()
        found.start_worker()
        found.start_worker()
        yield found
    finally:
        found.end()


@pytest.fixture
def cluster(machines: Machines, tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path, machines.address) as found:
        yield found
        for run in found.active():
            found.stop(run)
        until(lambda: not found.active())


@pytest.mark.slow
def test_a_sweep_gives_the_folders_and_the_bits_of_a_local_run(cluster: Cluster, tmp_path: Path) -> None:
    configs = sweep_configs(SHORT, "beta", [1, 4])
    sweep = Sweep.start(cluster, configs, [tmp_path])
    wait(sweep)
    assert [member.state for member in sweep.progress().members] == ["done", "done"]
    for run in sweep.runs:
        local = create_run(tmp_path / "local", run.config)
        Driver(local).drive()
        for name in ("model.safetensors", "best.safetensors", "step-00000014.safetensors", "film/subjects.npz"):
            assert files.read_bytes(run.folder / name) == files.read_bytes(local.folder / name), name
        mine, theirs = (
            [{**record, "seconds": 0} for record in read_records(one.folder / "metrics.jsonl")] for one in (run, local)
        )
        assert mine == theirs and len(mine) > 14
        assert sorted(path.name for path in (run.folder / "film").iterdir()) == sorted(
            path.name for path in (local.folder / "film").iterdir()
        )
        assert checkpoints.load_newest(run.folder) is not None and not files.is_locked(run.lock_path)
    assert Sweep.start(cluster, configs, [tmp_path]).runs == sweep.runs, "computed once and found again"


@pytest.mark.slow
def test_progress_is_live_and_a_stopped_run_goes_on_where_it_was(cluster: Cluster, tmp_path: Path) -> None:
    run, waiting, third = (cluster.submit(ENDLESS.changed(seed=seed)) for seed in (0, 1, 2))
    until(lambda: run.status().step > 50 and waiting.status().step > 0)
    assert run.state() == "running" and third.state() == "queued" and cluster.place(third) == 1
    assert run.status().cluster and manager._needs_no_slot(run.folder), "no core of this machine is taken"
    film = Film(run.folder)
    assert film.poll() and len(read_records(run.folder / "metrics.jsonl")) > 20
    run.watch()
    until((run.folder / "preview.npz").exists)
    for one in (third, waiting):
        cluster.stop(one)
    cluster.pause(run)
    until(lambda: not cluster.active())
    assert [one.state() for one in (run, waiting, third)] == ["paused", "stopped", "stopped"]
    step = run.status().step
    assert step in checkpoints.steps(run.folder) and third.status().step == 0
    cluster.resume(run)
    with pytest.raises(RunStateError):
        cluster.resume(run)
    until(lambda: run.status().step > step)
    records = read_records(run.folder / "metrics.jsonl")
    steps = [record["step"] for record in records if record["split"] == "train"]
    assert steps == sorted(set(steps)), "as of one training"


@pytest.mark.slow
def test_a_worker_that_lacks_the_dataset_gets_it(cluster: Cluster, full_data: Path) -> None:
    cluster.data_dir = full_data
    run = cluster.submit(SHORT.changed(dataset="mnist", epochs=1))
    until(lambda: not cluster.active())
    assert run.state() == "done", run.status().message
    assert (
        checkpoints.load(run.folder, "model")[1]["dataset_sha256"] == datasets.load_dataset("mnist", full_data).digest
    )


def sweep_command(machines: Machines, root: Path, epochs: int, *options: str) -> subprocess.Popen[bytes]:
    """`sweep` on the cluster, over three betas."""
    small = ["--hidden", "16", "--limit", "200", "--batch-size", "32", "--epochs", str(epochs), "--betas", "1,2,4"]
    where = ["--scheduler", machines.address, "--runs", str(root), "--json", *options]
    command = [sys.executable, "-m", "vae_core", "sweep", *small, *where]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def steps_of(root: Path) -> list[int]:
    return [run.status().step for run in list_runs(root)[0]]


@pytest.mark.slow
def test_a_killed_workers_run_starts_over_and_the_rest_finish(machines: Machines, tmp_path: Path) -> None:
    with sweep_command(machines, tmp_path, 30) as process:
        until(lambda: sum(step > 5 for step in steps_of(tmp_path)) == 2 or process.poll() is not None)
        machines.workers[0].send_signal(signal.SIGKILL)
        machines.start_worker()
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, err) == (0, b"")
    told = json.loads(out)["runs"]
    assert [run["state"] for run in told] == ["done"] * 3 and all(run["negative_elbo_nats"] > 0 for run in told)
    for run in list_runs(tmp_path)[0]:
        records = read_records(run.folder / "metrics.jsonl")
        steps = [record["step"] for record in records if record["split"] == "train"]
        assert steps == list(range(1, run.status().total_steps + 1)), "none of the abandoned attempt, none missing"


@pytest.mark.slow
def test_an_interrupt_of_the_command_stops_all_and_leaves_nothing_behind(machines: Machines, tmp_path: Path) -> None:
    with sweep_command(machines, tmp_path, 100_000) as process:
        until(lambda: sum(step > 5 for step in steps_of(tmp_path)) == 2 or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT)
    assert process.returncode == -signal.SIGINT, err
    assert [run["state"] for run in json.loads(out)["runs"]] == ["stopped"] * 3, err
    kept = [run for run in list_runs(tmp_path)[0] if checkpoints.steps(run.folder)]
    assert len(kept) == 2 and all(run.status().step == checkpoints.steps(run.folder)[0] > 5 for run in kept)
    assert b"Traceback" not in err and err.count(b"\n") == 3
    with Cluster(tmp_path / "other", machines.address) as cluster:  # both workers are free again
        runs = [cluster.submit(SHORT.changed(seed=seed)) for seed in (0, 1)]
        until(lambda: not cluster.active())
        assert [run.state() for run in runs] == ["done", "done"]


@pytest.mark.slow
def test_a_lost_scheduler_is_said_and_what_finished_is_kept(tmp_path: Path) -> None:
    lone = Machines(tmp_path, tmp_path)
    try:
        scheduler = lone.start_scheduler()
        lone.start_worker()
        with Cluster(tmp_path / "runs", lone.address) as cluster:
            done, left, waiting = (cluster.submit(config) for config in (SHORT, ENDLESS, ENDLESS.changed(seed=1)))
            until(lambda: left.status().step > 0)
            scheduler.kill()
            until(lambda: not cluster.active())
            assert [run.state() for run in (done, left, waiting)] == ["done", "stopped", "stopped"]
            assert "was lost" in left.status().message and "this machine" in left.status().message
            with pytest.raises(ClusterError, match="was lost"):
                cluster.submit(SHORT)
    finally:
        lone.end()


@pytest.mark.slow
def test_another_version_is_refused_before_work_is_sent(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1")
    remote.versions.cache_clear()
    try:
        with pytest.raises(ClusterError, match=r"torch .* in place of 0\.1"):
            Cluster(tmp_path, machines.address)
    finally:
        remote.versions.cache_clear()
    assert list_runs(tmp_path)[0] == []


def test_what_differs_is_named() -> None:
    here = {"python": "3.11", "torch": "2.0", "vae_core": "abc"}
    assert remote.differences(here, dict(here)) == ""
    assert "torch 2.1 in place of 2.0;" in remote.differences(here, here | {"torch": "2.1"}) + ";"
    assert "vae_core None in place of abc" in remote.differences(here, {"python": "3.11", "torch": "2.0"})
    assert set(remote.versions()) == set(here)


def test_a_dataset_travels_as_plain_data_and_is_known_by_its_hash() -> None:
    dataset = datasets.load_dataset(SHORT.data.dataset)
    sent = remote.packed(dataset)
    again = remote._unpacked(sent)
    assert remote.content(again) == remote.content(dataset) and again.image_shape == dataset.image_shape
    assert again.classes == dataset.classes and again.digest == dataset.digest
    sent["parts"]["train_images"][2] = bytes(len(sent["parts"]["train_images"][2]))
    assert remote.content(remote._unpacked(sent)) != remote.content(dataset)
