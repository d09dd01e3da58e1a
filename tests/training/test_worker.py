"""The worker as what it is, a process: killed, asked to end, paused and stepped from outside."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.finished import SMALL
from tests.training.outcome import PATIENCE, assert_same, leftovers, wait_for
from vae_core.config import RunConfig, make_config
from vae_core.storage import checkpoints, files
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.records import read_records
from vae_core.storage.runs import Control, Run, Status, create_run
from vae_core.training.driver import Driver
from vae_core.training.worker import work

pytestmark = pytest.mark.slow
Worker = subprocess.Popen[bytes]
StartWorker = Callable[..., Worker]
COMMAND = [sys.executable, "-m", "vae_core.training.worker"]


@pytest.fixture
def start() -> Iterator[StartWorker]:
    """`start(run)`: a worker for the run, gone at the end of the test whatever happens."""
    started: list[Worker] = []

    def popen(run: Run, checkpoint_seconds: float = 0.05) -> Worker:
        options = [str(run.folder), "--checkpoint-seconds", str(checkpoint_seconds)]
        log = (run.folder / "worker.log").open("ab")
        with log:
            started.append(subprocess.Popen([*COMMAND, *options], cwd=PROJECT_ROOT, stdout=log, stderr=log))
        return started[-1]

    yield popen
    for worker in started:
        worker.kill()
        worker.wait()


@pytest.fixture
def endless() -> RunConfig:
    """More steps than any test waits for."""
    return make_config(batch_size=32, epochs=100_000, hidden="16", limit=256)


def running(run: Run) -> Status:
    """Its status once it trains."""
    wait_for(lambda: run.status().step > 0 and run.state() == "running", "the first step")
    return run.status()


NURSERY = """
import os, sys
from pathlib import Path
from vae_core.training import worker
for line in sys.stdin:
    folder = Path(line.strip())
    child = os.fork()
    if child == 0:
        for number in (1, 2):
            os.dup2(os.open(folder / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        os._exit(worker.work(folder, checkpoint_seconds=0.05))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Forks workers that need not import torch each time."""


@pytest.fixture
def nursery() -> Iterator[Callable[[Run], tuple[int, Callable[[], int]]]]:
    """`nursery(run)`: a new worker's process id, and a call that waits for its exit status."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": PROJECT_ROOT, "env": environment}
    with subprocess.Popen([sys.executable, "-c", NURSERY], text=True, **options) as process:  # type: ignore[call-overload]

        def fork(run: Run) -> tuple[int, Callable[[], int]]:
            process.stdin.write(f"{run.folder}\n")
            process.stdin.flush()
            return int(process.stdout.readline()), lambda: int(process.stdout.readline())

        yield fork
        process.stdin.close()


@pytest.mark.timeout(900)
def test_twenty_kills_leave_no_trace(
    new_run: Callable[..., Run], nursery: Callable[..., tuple[int, Callable[[], int]]]
) -> None:
    config = make_config(batch_size=32, epochs=30, hidden="32", limit=4_000)
    run, moment = new_run("killed", config), random.Random(0)
    run.write_control(Control(rate=400.0))  # slow enough to outlast the kills
    reached = []
    for kill in range(20):
        worker, wait = nursery(run)
        # some are killed while they load, most while they train and save
        wait_for(lambda: files.is_locked(run.lock_path), "the worker's lock")
        before = checkpoints.steps(run.folder)[:1]
        wait_for(
            lambda kill=kill, before=before: kill % 4 == 0 or checkpoints.steps(run.folder)[:1] != before, "a save"
        )  # type: ignore[misc]
        time.sleep(moment.uniform(0.0, 0.1))
        os.kill(worker, signal.SIGKILL)
        assert wait() == -signal.SIGKILL
        assert run.state() == "interrupted" and not files.is_locked(run.lock_path)
        newest = checkpoints.load_newest(run.folder)
        reached.append(0 if newest is None else int(newest[1]["step"]))
    assert reached == sorted(reached) and len(set(reached)) > 5, "it gets on between the kills"
    run.request(rate=None)
    assert nursery(run)[1]() == 0 and run.state() == "done"
    left_alone = new_run("left-alone", config)
    assert nursery(left_alone)[1]() == 0 and left_alone.status().step == 3_750
    assert_same(run, left_alone)
    assert leftovers(run) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_everything_saved(
    number: signal.Signals, new_run: Callable[..., Run], start: StartWorker, endless: RunConfig
) -> None:
    run = new_run("ended", endless)
    worker = start(run, checkpoint_seconds=1_000.0)
    running(run)
    worker.send_signal(number)
    assert worker.wait(timeout=PATIENCE) == 0
    status = run.status()
    assert run.state() == status.state == "stopped"
    assert checkpoints.steps(run.folder) == [status.step]
    assert checkpoints.load(run.folder, "model")[1]["step"] == status.step
    last = [record for record in read_records(run.folder / "metrics.jsonl") if record["split"] == "train"][-1]
    assert last["step"] >= status.step - 10
    assert f"stopped at step {status.step}" in (run.folder / "worker.log").read_text()


def test_step_go_on_pause_and_stop_through_the_folder(
    new_run: Callable[..., Run], start: StartWorker, endless: RunConfig
) -> None:
    run = new_run("controlled", endless)
    run.write_control(Control(step_until=1))
    worker = start(run)
    for step in (1, 2, 3):
        run.request(step_until=step)
        wait_for(lambda step=step: run.status().step == step and run.state() == "paused", f"step {step}")  # type: ignore[misc]
        assert checkpoints.steps(run.folder)[0] == step
    run.request(step_until=None, rate=20.0)
    wait_for(lambda: run.state() == "running", "going on")
    began, first = time.monotonic(), run.status()
    wait_for(lambda: run.status().step >= first.step + 20, "twenty steps")
    assert time.monotonic() - began > 0.4, "twenty a second at most"
    assert run.status().heartbeat > first.heartbeat
    run.request(want="pause")
    wait_for(lambda: run.state() == "paused", "the pause")
    paused = run.status().step
    time.sleep(0.5)
    assert (run.state(), run.status().step) == ("paused", paused) and worker.poll() is None
    run.request(want="run", rate=None)
    wait_for(lambda: run.status().step > paused + 100, "full speed")
    run.request(want="stop")
    run.request(want="stop")  # said twice, as from two tabs
    assert worker.wait(timeout=PATIENCE) == 0
    assert run.state() == "stopped" and checkpoints.steps(run.folder)[0] == run.status().step


def test_a_worker_has_the_bits_of_a_driver_here(new_run: Callable[..., Run], start: StartWorker) -> None:
    config = make_config(batch_size=32, epochs=2, hidden="16", limit=256)
    run, here = new_run("there", config), new_run("here", config)
    worker = start(run)
    Driver(here).drive()
    assert worker.wait(timeout=PATIENCE) == 0
    assert_same(run, here)


def test_a_worker_that_fails_says_why(tmp_path: Path, new_run: Callable[..., Run], start: StartWorker) -> None:
    run = new_run("orphan", make_config(parent="nobody@5", hidden="16"))
    assert start(run).wait(timeout=PATIENCE) == 1
    assert run.state() == "failed" and run.status().message.startswith("There is no run 'nobody'")
    log = (run.folder / "worker.log").read_text()
    assert "There is no run 'nobody'" in log and "Traceback" not in log


def test_a_waiting_worker_ends_when_its_pipe_closes() -> None:
    worker = subprocess.Popen([*COMMAND, "--wait"], stdin=subprocess.PIPE, cwd=PROJECT_ROOT)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(timeout=PATIENCE) == 0


def test_a_finished_worker_leaves_the_figures(tmp_path: Path) -> None:
    run = create_run(tmp_path, make_config(**SMALL))
    assert work(run.folder) == 0
    figures = EVALUATION.read(run)
    assert run.state() == "done" and figures is not None and figures.step == 3
