"""Figures in the background: one process at a time, each run tried once, the page never waiting."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.finished import train_small
from tests.training.outcome import wait_for
from vae_core.archives import archive
from vae_core.storage import files
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.runs import Run, Status
from vae_core.training import background as module
from vae_core.training.background import Background
from vae_core.training.worker import work


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_small(tmp_path_factory.mktemp("background"), "mine", seed=9)


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


def damaged(run: Run) -> Run:
    (run.folder / "model.safetensors").write_bytes(b"x")
    return run


def test_figures_come_without_waiting_and_a_run_at_fault_does_not_hold_up_the_others(
    trained: Run, background: Background, tmp_path: Path
) -> None:
    runs = [damaged(archive.copy_run(trained, tmp_path)), archive.copy_run(trained, tmp_path)]
    began = time.monotonic()
    assert background.ask(runs) and time.monotonic() - began < 1.0
    first = background._process
    assert background.ask(runs) and background._process is first, "one process at a time"
    wait_for(lambda: EVALUATION.read(runs[1]) is not None, "the figures")
    wait_for(lambda: not background.is_busy, "the process to end")
    assert "could not be computed: model.safetensors was cut short" in (runs[0].folder / "worker.log").read_text()
    assert "could not be computed: model.safetensors was cut short" in module.failure_of(runs[0])
    assert not background.ask(runs), "what failed is not tried again"


def test_importance_samples_are_computed_beside_what_is_kept(
    trained: Run, background: Background, tmp_path: Path
) -> None:
    run = archive.copy_run(trained, tmp_path)
    module.work([run.folder])
    assert not background.ask([run]) and not module.lacks_figures(run) and module.lacks_figures(run, 2)
    assert background.ask([run], iw_samples=2), "figures without the importance-weighted NLL are not enough"
    wait_for(lambda: not background.is_busy, "the process to end")
    found = EVALUATION.read(run)
    assert found is not None and found.iw_samples == 2 and found.iw_nll_nats < found.negative_elbo_nats
    assert not background.ask([run], iw_samples=2) and module.failure_of(run) == ""


def test_closing_ends_the_process_and_nothing_starts_after(
    trained: Run, background: Background, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Background, "_start", lambda self, folders, iw_samples=None: sleeper())
    run = archive.copy_run(trained, tmp_path)
    assert background.ask([run])
    background.close()
    assert not background.is_busy and not background.ask([archive.copy_run(trained, tmp_path)])


def sleeper() -> object:
    return module.subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_finished_worker_leaves_the_figures(trained: Run, tmp_path: Path) -> None:
    run = archive.copy_run(trained, tmp_path)
    for path in [*run.folder.glob("*.safetensors"), *run.folder.glob("figures.json")]:
        files.remove(path)
    for name in ("model.json", "best.json", "step-00000003.json"):
        files.remove(run.folder / name)
    run.write_status(Status())
    assert work(run.folder) == 0
    found = EVALUATION.read(run)
    assert run.state() == "done" and found is not None and found.step == 3


def test_a_folder_that_is_gone_is_no_crash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module.work([tmp_path / "gone"])
    assert "There is no run 'gone'" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_a_killed_process_costs_one_run_its_figures_and_not_the_others(
    trained: Run, background: Background, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [archive.copy_run(trained, tmp_path) for _ in range(3)]
    for run in runs:
        (run.folder / "figures.json").unlink(missing_ok=True)
    started: list[list[Path]] = []

    def killed(self: Background, folders: list[Path], iw_samples: int | None) -> object:
        started.append(folders)
        process = module.subprocess.Popen([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
        process.wait()
        return process

    monkeypatch.setattr(Background, "_start", killed)
    for _ in range(5):
        background.ask(runs)
    folders = [run.folder for run in runs]
    assert started == [folders, folders[1:], folders[2:]]


def test_any_fault_of_one_run_is_told_and_does_not_hold_up_the_others(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, seen = [archive.copy_run(trained, tmp_path) for _ in range(2)], []

    def broken(run: Run, **_: object) -> None:
        seen.append(run.id)
        raise MemoryError("no room")

    monkeypatch.setattr("vae_core.evaluation.figures.figures_of", broken)
    module.work([run.folder for run in runs])
    assert seen == [run.id for run in runs]
    assert all("no room" in (run.folder / "worker.log").read_text() for run in runs)
