"""The manager with real worker processes: queue, stop, resume, restarts of the server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.storage.conftest import FullSystem
from tests.training.outcome import PATIENCE, assert_same, is_training, wait_for, worker_of
from vae_core.config import RunConfig, make_config
from vae_core.errors import NameInvalid, RunStateError
from vae_core.storage import checkpoints, files
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import Control, create_run, extend_run, list_runs, open_run
from vae_core.training.driver import Driver
from vae_core.training.manager import Manager
from vae_core.training.worker_pool import WorkerPool

pytestmark = pytest.mark.slow
QUICK = make_config(batch_size=32, epochs=2, hidden="16", limit=256)
ENDLESS = make_config(batch_size=32, epochs=100_000, hidden="16", limit=256)


def is_alive(process: int) -> bool:
    """Whether it runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_same_request_from_many_threads_at_once_is_one_run(manage: Callable[..., Manager], runs_root: Path) -> None:
    manager = manage(slots=1)
    gate = threading.Barrier(8)

    def submit(_: int) -> str:
        gate.wait(timeout=PATIENCE)
        return manager.submit_once(ENDLESS, Control()).id

    with ThreadPoolExecutor(8) as threads:
        started = set(threads.map(submit, range(8)))
    assert started == {run.id for run in list_runs(runs_root)[0]} and len(started) == 1


def test_a_double_click_is_two_runs_and_both_get_done(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=2)
    first, second = manager.submit(QUICK, "twice"), manager.submit(QUICK, "twice")
    assert first.id != second.id and first.name == second.name == "twice"
    for run in (first, second):
        wait_for(lambda run=run: run.state() == "done", "the runs")  # type: ignore[misc]
    assert_same(first, second)
    wait_for(lambda: not manager.active(), "the workers to be noticed as gone")


def test_one_slot_queues_the_others(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=1)
    first, second, third = (manager.submit(config) for config in (ENDLESS, QUICK, QUICK))
    assert [manager.place(run) for run in (first, second, third)] == [None, 1, 2]
    assert manager.active() == [first, second, third]
    manager.stop(second)
    assert (second.state(), second.status().message) == ("stopped", "taken out of the queue")
    assert [manager.place(run) for run in (second, third)] == [None, 1]
    wait_for(lambda: is_training(first), "the first to train")
    with pytest.raises(RunStateError, match="is running; there is nothing to resume"):
        manager.resume(first)
    assert third.state() == "queued"
    manager.stop(first)
    wait_for(lambda: first.state() == "stopped" and third.state() == "done", "the third to have its turn")
    with pytest.raises(RunStateError, match="is done"):
        manager.resume(third)
    manager.resume(second)
    with pytest.raises(RunStateError):
        manager.resume(second)
    wait_for(lambda: second.state() == "done", "the second after all")
    assert_same(second, third)


def test_a_paused_run_gives_its_slot_to_the_next(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=1)
    first = manager.submit(ENDLESS, control=Control(step_until=2))
    second = manager.submit(QUICK)
    wait_for(lambda: second.state() == "done", "the second")
    assert (first.state(), first.status().step) == ("paused", 2)
    manager.resume(first, Control(step_until=4))
    wait_for(lambda: first.state() == "paused" and first.status().step == 4, "two steps more")
    manager.stop(first)
    wait_for(lambda: first.state() == "stopped", "the stop")


def test_a_stop_right_after_the_start_is_heard(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=1)
    run = manager.submit(ENDLESS)
    manager.stop(run)
    wait_for(lambda: run.state() == "stopped", "the stop")
    assert run.status().step == 1


def test_a_killed_worker_is_seen_and_its_run_resumes(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=1)
    run = manager.submit(ENDLESS)
    wait_for(lambda: is_training(run), "the first step")
    os.kill(worker_of(run), signal.SIGKILL)
    wait_for(lambda: run.state() == "interrupted" and not manager.active(), "the kill to be noticed")
    manager.resume(run)
    wait_for(lambda: is_training(run), "the run to go on")
    manager.stop(run)
    wait_for(lambda: run.state() == "stopped", "the stop")


def test_the_warm_worker_takes_the_next_run(manage: Callable[..., Manager], tmp_path: Path) -> None:
    manager = manage(slots=1)
    manager.warm()
    wait_for(idle_workers, "its command to be seen")
    warm = idle_workers()
    manager.warm()
    assert idle_workers() == warm and len(warm) == 1, "one is enough"
    run = manager.submit(QUICK)
    wait_for(lambda: run.state() == "done", "the run")
    assert [worker_of(run)] == warm
    cold = create_run(tmp_path / "cold", QUICK)
    Driver(cold).drive()
    assert_same(run, cold)


def test_a_worker_that_is_done_is_the_next_warm_one(manage: Callable[..., Manager]) -> None:
    """Who stops a run and starts another one at once waits for no import."""
    manager = manage(slots=1)
    manager.warm()
    first = manager.submit(ENDLESS)
    wait_for(lambda: is_training(first), "the first step")
    manager.stop(first)
    wait_for(lambda: not manager.active(), "the worker to be free")
    second = manager.submit(QUICK)
    wait_for(lambda: second.state() == "done", "the second")
    assert worker_of(second) == worker_of(first)


def test_a_warm_worker_that_dies_before_it_begins_harms_no_run(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=1)
    manager.warm()
    wait_for(idle_workers, "its command to be seen")
    (idle,) = idle_workers()
    os.kill(idle, signal.SIGSTOP)
    run = manager.submit(QUICK)
    os.kill(idle, signal.SIGKILL)
    wait_for(lambda: run.state() == "done", "the run, by another worker")
    assert worker_of(run) != idle


def test_one_worker_takes_run_after_run_with_the_bits_of_new_ones(
    manage: Callable[..., Manager], tmp_path: Path
) -> None:
    manager = manage(slots=1)
    diverging = make_config(batch_size=32, epochs=2, hidden="16", limit=256, lr=1.0, likelihood="gaussian-learned")
    runs = [manager.submit(config) for config in (QUICK, diverging, QUICK)]
    wait_for(lambda: runs[-1].state() == "done", "all three")
    assert len({worker_of(run) for run in runs}) == 1
    cold = create_run(tmp_path / "cold", QUICK)
    Driver(cold).drive()
    assert_same(runs[0], cold)
    assert_same(runs[2], cold)
    wait_for(lambda: not manager.active(), "the worker to leave as nothing is left to do")


def test_a_worker_that_is_gone_before_its_next_run_harms_it_not(
    manage: Callable[..., Manager],
) -> None:
    once = "import sys; from pathlib import Path; from vae_core.training.worker import work; work(Path(sys.argv[1]))"
    manager = manage(slots=1, worker=[sys.executable, "-c", f"{once}; sys.stdin.readline(); raise SystemExit(3)"])
    first, second = manager.submit(QUICK), manager.submit(QUICK)
    wait_for(lambda: second.state() == "done", "the second, by another worker")
    assert first.state() == "done" and worker_of(first) != worker_of(second)


def test_a_worker_that_reads_no_more_is_passed_over(runs_root: Path) -> None:
    first, second = create_run(runs_root, QUICK), create_run(runs_root, QUICK)
    deaf = "import os, time; os.close(0); print('deaf', flush=True); time.sleep(60)"
    worker = WorkerPool(command=[sys.executable, "-c", deaf]).start(first)
    wait_for(lambda: "deaf" in (first.folder / "worker.log").read_text(), "it to close its standard input")
    started = WorkerPool().start(second, [worker])
    assert started.process is not worker.process and not started.was_reused
    worker.stop()
    worker.process.kill()
    worker.process.wait()
    started.stop()
    assert started.process.wait(timeout=PATIENCE) == 0 and second.state() == "done"


def test_a_finished_run_that_is_made_longer_is_not_kept_waiting_by_its_own_worker(
    manage: Callable[..., Manager],
) -> None:
    manager = manage(slots=1)
    run = manager.submit(QUICK)
    wait_for(lambda: run.state() == "done", "its first end")
    run = extend_run(run, 4)
    manager.resume(run)
    wait_for(lambda: run.is_finished(), "its second end")


def test_a_run_is_resumed_as_soon_as_it_stopped(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=2)
    run = manager.submit(ENDLESS)
    wait_for(lambda: is_training(run), "the first step")
    for _ in range(3):
        step = run.status().step
        manager.stop(run)
        wait_for(lambda: run.state() == "stopped", "the stop")
        manager.resume(run)
        states = {run.state()}
        while not (is_training(run) and run.status().step > step):
            states.add(run.state())
        assert states <= {"queued", "running"}, "the worker that stopped says nothing against the one that goes on"


def idle_workers() -> list[int]:
    """The waiting workers that this process has started; a browser of other tests may be among its children too."""
    return sorted(
        child.pid
        for child in psutil.Process().children()
        if _command_of(child)[-1:] == ["--wait"] and len(_command_of(child)) == 4
    )


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended
        return []


def test_closing_ends_the_idle_worker(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=1)
    manager.warm()
    wait_for(idle_workers, "its command to be seen")
    (idle,) = idle_workers()
    manager.close()
    assert not is_alive(idle)


SERVER = """
import json, sys, time
from pathlib import Path
from vae_core.config import parse_config
from vae_core.training.manager import Manager
from vae_core.training.worker_pool import WorkerPool
root, *configs = map(str, sys.argv[1:])
manager = Manager(Path(root), slots=1)
runs = []
for config in configs:
    runs.append(manager.submit(parse_config(json.loads(config))))
    time.sleep(0.05)  # a restarted server tells their order by the time of a file, which the disk counts in ticks
manager.warm()
print(json.dumps({"runs": [run.id for run in runs], "idle": manager._pool._idle.pid}), flush=True)
time.sleep(1000)
"""


def test_a_server_that_dies_harms_no_run(manage: Callable[..., Manager], runs_root: Path) -> None:
    """Its worker goes on, its idle worker leaves, and the next server finds the running run and the queued ones."""
    configs = [config.model_dump_json(by_alias=True) for config in (ENDLESS, QUICK, QUICK)]
    command = [sys.executable, "-c", SERVER, str(runs_root), *configs]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT_ROOT) as server:
        assert server.stdout is not None
        started = json.loads(server.stdout.readline())
        first, second, third = (open_run(runs_root, run_id) for run_id in started["runs"])
        wait_for(lambda: is_training(first), "the first to train")
        server.kill()
    worker, before = worker_of(first), first.status()
    wait_for(lambda: first.status().step > before.step, "the worker to go on")
    wait_for(lambda: not is_alive(started["idle"]), "the idle worker to leave")
    manager = manage(slots=1)
    assert manager.active() == [first, second, third]
    assert [manager.place(run) for run in (first, second, third)] == [None, 1, 2]
    with pytest.raises(RunStateError):
        manager.resume(first)
    assert is_alive(worker) and first.state() == "running"
    manager.stop(second)
    manager.stop(first)
    wait_for(lambda: first.state() == "stopped" and third.state() == "done", "the queue to move on")
    wait_for(lambda: not is_alive(worker), "the worker to leave")


def test_a_run_of_the_command_line_is_found(manage: Callable[..., Manager], runs_root: Path) -> None:
    manager = manage(slots=1)
    options = ["--runs", str(runs_root), "--hidden", "16", "--limit", "256", "--epochs", "100000"]
    command = [sys.executable, "-m", "vae_core", "train", *options]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for(lambda: manager.active(), "it to be adopted")
        (run,) = manager.active()
        manager.stop(run)
        assert process.wait(timeout=PATIENCE) == 1
    assert run.state() == "stopped"


def test_a_worker_that_cannot_begin_is_reported(manage: Callable[..., Manager]) -> None:
    manager = manage(slots=1, worker=[sys.executable, "-c", "raise SystemExit(3)"])
    run = manager.submit(QUICK)
    wait_for(lambda: run.state() == "failed", "the failure to be told")
    assert run.status().message == "The worker ended before it began; the run's worker.log has the details."
    manager.close()
    manage(slots=1).resume(run)
    wait_for(lambda: run.state() == "done", "the second try")


def test_a_run_that_its_worker_refuses_is_reported_and_keeps_no_slot(
    manage: Callable[..., Manager], runs_root: Path
) -> None:
    refused = create_run(runs_root, QUICK, run_id="final-only")
    checkpoints.save(refused.folder, "model", {}, {"step": 1})
    manager = manage(slots=1)
    after = manager.submit(QUICK)
    wait_for(lambda: refused.state() == "failed", "the refusal to be told")
    assert "keeps only its final weights" in (refused.folder / "worker.log").read_text()
    wait_for(lambda: after.state() == "done", "the next run")


def test_a_missing_worker_program_is_reported(manage: Callable[..., Manager]) -> None:
    run = manage(slots=1, worker=["no-such-program"]).submit(QUICK)
    assert run.state() == "failed" and run.status().message.startswith("The worker could not be started: ")


def test_a_full_disk_does_not_end_the_manager(
    manage: Callable[..., Manager], runs_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = create_run(runs_root, QUICK)

    class Full(FullSystem):
        @staticmethod
        def open(*arguments: object) -> int:
            return FullSystem.write(0, b"")

    with monkeypatch.context() as patch:
        patch.setattr(files, "system", Full())
        manager = manage(slots=1)
        wait_for(lambda: manager.place(waiting) is None, "its turn")
    assert "The disk is full" in capsys.readouterr().err
    other = manager.submit(QUICK)
    wait_for(lambda: other.state() == "done", "the manager to go on")


def test_names_and_configurations_are_checked(manage: Callable[..., Manager], runs_root: Path) -> None:
    with pytest.raises(NameInvalid):
        manage(slots=1).submit(RunConfig(), "two\nlines")
    assert not list(runs_root.iterdir())
