"""The driver in this process: requests, rate, previews, and a disk that fails at each of its calls."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.storage.conftest import DIES, Died, FaultySystem, FullSystem
from tests.training.conftest import cut
from tests.training.outcome import assert_same, leftovers, trained
from vae_core.config import RunConfig, make_config
from vae_core.data import datasets
from vae_core.data.datasets import Dataset
from vae_core.errors import DiskError, RunLocked
from vae_core.storage import checkpoints, files
from vae_core.storage.frames import read_preview
from vae_core.storage.records import read_records
from vae_core.storage.runs import Control, Run, Status
from vae_core.training.driver import Driver
from vae_core.training.loop import Event, Stepped, Trainer
from vae_core.training.reporter import PREVIEW_SECONDS
from vae_core.training.sink import RunFolder

NewRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def short(use_small: Dataset) -> None:
    """Every driver here trains on the small cut."""


def test_a_run_from_queued_to_done(new_run: NewRun) -> None:
    run = new_run("whole")
    assert run.state() == "queued"
    status = Driver(run, checkpoint_seconds=1e9).drive()
    assert status == run.status() and run.state() == "done" and run.is_finished()
    assert (status.step, status.total_steps, status.epoch, status.message) == (39, 39, 3.0, "")
    assert status.seconds > 0 and status.images_per_second is not None
    assert status.images_per_second == pytest.approx(3 * 410 / status.seconds, rel=0.01)
    assert checkpoints.steps(run.folder) == [39]
    assert not list(run.folder.glob("best-*")) and (run.folder / "best.json").exists()
    records = read_records(run.folder / "metrics.jsonl")
    assert [record["step"] for record in records if record["split"] == "train"] == list(range(1, 40))
    assert leftovers(run) == []


def test_tiny_numbers_are_zero_while_it_trains_and_not_afterwards(new_run: NewRun) -> None:
    def tiny() -> float:
        return (torch.full((64,), 1e-20) * 1e-20).max().item()

    if not torch.set_flush_denormal(False):
        pytest.skip("this processor has no such switch")
    seen: set[float] = set()
    Driver(new_run("tiny"), on_event=lambda event, trainer: seen.add(tiny())).drive()
    assert seen == {0.0} and 0 < tiny() < 1.2e-38


def test_a_warning_of_the_configuration_is_a_note(new_run: NewRun, toy: RunConfig) -> None:
    status = Driver(new_run("fast", toy.changed(lr=0.02))).drive()
    assert status.notes == ("A learning rate of 0.02 usually ends tens of nats worse than 0.001.",)


def test_a_second_driver_is_refused(new_run: NewRun) -> None:
    run = new_run("locked")
    with files.lock(run.lock_path), pytest.raises(RunLocked, match="another process"):
        Driver(RunFolder(run, lock_seconds=0.1)).drive()
    assert run.status() == Status(), "who is refused changes nothing"


def test_pause_step_and_stop(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests arrive while the driver sleeps: this test makes them there."""
    run = new_run("stepped")
    run.write_control(Control(step_until=3))
    seen: list[tuple[str, int]] = []
    requests = iter([{"step_until": 4}, {"step_until": None, "want": "pause"}, {"want": "run", "step_until": 9}])

    def make_request(seconds: float) -> None:
        status = run.status()
        seen.append((status.state, status.step))
        run.request(**next(requests, {"want": "stop"}))

    monkeypatch.setattr(time, "sleep", make_request)
    status = Driver(run).drive()
    assert [state for state, _ in seen] == ["paused"] * len(seen)
    assert [step for _, step in seen][:2] == [3, 4]
    assert (status.state, status.step) == ("stopped", 9)
    assert checkpoints.steps(run.folder)[0] == 9
    run.write_control(Control())
    assert_same(trained(run), trained(new_run("left-alone")))


def test_a_pause_forgotten_for_long_lets_the_process_go(new_run: NewRun) -> None:
    run = new_run("forgotten")
    run.write_control(Control(step_until=2))
    status = Driver(run, idle_seconds=0.0).drive()
    assert (status.state, status.step) == ("stopped", 2)
    assert run.state() == "stopped" and not files.is_locked(run.lock_path)


def test_a_request_after_the_last_step_changes_nothing(new_run: NewRun) -> None:
    run = new_run("late")
    run.write_control(Control(step_until=39))
    assert Driver(run).drive().state == "done"


def test_a_rate_is_kept(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still but for what the driver sleeps."""
    run, now, at = new_run("slow"), [time.monotonic()], {}
    run.write_control(Control(rate=20.0, rate_until=20))

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    Driver(run, on_event=lambda event, trainer: at.setdefault(trainer.step, now[0])).drive()
    assert at[20] - at[1] == pytest.approx(19 / 20)
    assert at[39] == at[21], "the rest runs at full speed"


def previews(run: Run, *, watched: bool) -> list[int]:
    """The steps of the previews that stood there while the run trained at 40 steps a second."""
    run.write_control(Control(rate=40.0))
    found: list[int] = []

    def read_it(event: Event, trainer: Trainer) -> None:
        if watched:
            run.watch()
        preview = read_preview(run.folder)
        if preview is not None:
            found.append(preview.step)

    Driver(run, on_event=read_it).drive()
    return found


def test_a_preview_is_written_only_while_somebody_watches(new_run: NewRun) -> None:
    assert previews(new_run("unwatched"), watched=False) == []
    run, began = new_run("watched"), time.monotonic()
    steps = previews(run, watched=True)
    most = (time.monotonic() - began) / PREVIEW_SECONDS + 2
    assert 2 <= len(set(steps)) <= most, "at most four a second"
    last = read_preview(run.folder)
    assert last is not None and last.step == 39 and last.log_variance is not None


def test_clocks_that_jump_do_no_harm(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    backwards = itertools.count(4e9, -3600.0)
    monkeypatch.setattr(time, "time", lambda: next(backwards))
    run = new_run("jumping")
    status = Driver(run).drive()
    assert status.state == "done" and 0 < status.seconds < 60
    assert status.images_per_second is not None and status.images_per_second > 0
    seconds = [item["seconds"] for item in read_records(run.folder / "metrics.jsonl") if "seconds" in item]
    assert seconds == sorted(seconds)


def test_a_run_removed_while_it_trains_ends(new_run: NewRun) -> None:
    run = new_run("removed")

    def remove(event: Event, trainer: Trainer) -> None:
        if isinstance(event, Stepped) and event.step == 3:
            files.remove_tree(run.folder)

    run.write_control(Control(rate=20.0))
    with pytest.raises(DiskError):
        Driver(run, on_event=remove).drive()
    assert not run.folder.exists()


def test_what_a_killed_writer_left_is_swept(new_run: NewRun) -> None:
    run = new_run("swept")
    (run.folder / "film").mkdir()
    for left in (run.folder / ".step-1.safetensors.1-1.tmp", run.folder / "film" / ".00000005.npz.1-1.tmp"):
        left.write_bytes(b"half")
    Driver(run).drive()
    assert leftovers(run) == []


def test_an_unexpected_error_is_in_the_status(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(trainer: Trainer) -> torch.Tensor:
        raise MemoryError("no memory left")

    monkeypatch.setattr(Trainer, "batch", broken)
    run = new_run("broken")
    with pytest.raises(MemoryError):
        Driver(run).drive()
    assert run.status().state == "failed"
    assert run.status().message == "MemoryError: no memory left. The run's log has the details."


def faults(way: str | int, new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Run, BaseException]]:
    """Lets call 1, 2, 3, ... of a run of three steps fail, each in a run of its own, until all went well."""
    config = make_config(batch_size=32, epochs=1, hidden="4", latent=1, limit=96)
    for number in itertools.count(1):
        run = new_run(f"{str(way).replace(' ', '-')}-{number}", config)
        system = FaultySystem(way, number)
        raised: BaseException | None = None
        before = open_files()
        with monkeypatch.context() as patch:
            patch.setattr(files, "system", system)
            try:
                Driver(run, checkpoint_seconds=0.0).drive()
            except (Died, DiskError) as error:
                raised = error
        for descriptor in open_files() - before:  # the system closes what a dead process had open
            os.close(descriptor)
        if not system.failed:
            return
        assert raised is not None, "a failing call must not pass unnoticed"
        yield run, raised


def open_files() -> set[int]:
    """This process's descriptors of files in a run folder."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found |= {int(path.name)} if "/runs/" in str(path.readlink()) else set()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("way", [DIES, errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_call(
    way: str | int, new_run: NewRun, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = cut(small, 96, 10)
    monkeypatch.setattr(datasets, "load_dataset", lambda *arguments: tiny)
    config = make_config(batch_size=32, epochs=1, hidden="4", latent=1, limit=96)
    left_alone = trained(new_run("left-alone", config))
    count = 0
    for run, raised in faults(way, new_run, monkeypatch):
        count += 1
        if way != DIES:
            status = run.status()
            assert (status.state, status.message) == ("paused", str(raised))
            assert way != errno.ENOSPC or status.message.startswith("The disk is full: ")
            assert leftovers(run) == []
        newest = checkpoints.load_newest(run.folder)
        assert newest is None or newest[1]["step"] in (1, 2, 3)
        assert trained(run).state() == "done"
        assert_same(run, left_alone)
        assert leftovers(run) == []
    assert count > 100, "each of the calls was to fail"


def test_a_disk_that_stays_full_says_so(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the status can be written then; the sentence goes to who asked, and the run can be resumed."""
    run = new_run("full")
    with monkeypatch.context() as patch:

        def fill(event: Event, trainer: Trainer) -> None:
            if isinstance(event, Stepped) and event.step == 5:
                patch.setattr(files, "system", FullSystem())

        with pytest.raises(DiskError, match=r"^The disk is full: .* free some space and resume the run\.$"):
            Driver(run, on_event=fill, checkpoint_seconds=0.0).drive()
    assert run.state() == "interrupted"
    assert checkpoints.steps(run.folder)[0] == 4
    assert_same(trained(run), trained(new_run("left-alone")))
