"""A dataset's file that was moved or deleted after a run was trained on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.shapes_file import shapes_file
from vae_core.archives import archive
from vae_core.config import RunConfig, make_config
from vae_core.data import relocation
from vae_core.errors import DataError, DatasetMissing, RunLocked
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files
from vae_core.storage.runs import Run, create_run, extend_run, open_folder
from vae_core.training.driver import Driver


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return make_config(dataset=str(shapes_file(tmp_path / "shapes.npz")), hidden="8", latent=2, epochs=2, batch_size=50)


@pytest.fixture
def run(tmp_path: Path, config: RunConfig) -> Run:
    made = create_run(tmp_path / "runs", config, run_id="drawn")
    Driver(made).drive()
    return made


def test_a_file_that_is_not_there_is_told_with_what_it_was(run: Run, tmp_path: Path) -> None:
    assert relocation.missing_message(run) == ""
    (tmp_path / "shapes.npz").rename(tmp_path / "elsewhere.npz")
    sentence = relocation.missing_message(run)
    assert "shapes.npz' (8 x 8 pixels, grey)" in sentence and "'resume drawn --dataset PATH'" in sentence
    with pytest.raises(DatasetMissing) as raised:
        evaluate_run(run)
    assert str(raised.value) == sentence
    assert evaluate_run(run, dataset=str(tmp_path / "elsewhere.npz"))["images"] == 20


@pytest.mark.parametrize("before", ["done", "stopped", "diverged", "paused", "failed"])
def test_a_runs_state_gets_no_worse_by_a_failed_attempt(before: str, run: Run, tmp_path: Path) -> None:
    """A finished run that is resumed without its images stays finished, with all its figures."""
    from dataclasses import replace

    status = replace(run.status(), state=before)
    run.write_status(status)
    kept = {path: path.read_bytes() for path in run.folder.rglob("*.*") if path.name not in (".lock", "status.json")}
    (tmp_path / "shapes.npz").unlink()
    with pytest.raises(DatasetMissing):
        Driver(run).drive()
    after = run.status()
    assert after.message == relocation.missing_message(run)
    assert replace(after, message=status.message, heartbeat=status.heartbeat) == status
    assert kept == {path: path.read_bytes() for path in kept}
    run.write_status(replace(status, state="queued", was=before))  # as a manager queues it
    with pytest.raises(DatasetMissing):
        Driver(open_folder(run.folder)).drive()
    assert (run.status().state, run.status().was) == (before, None)


def test_an_interrupted_run_stays_interrupted_after_a_failed_attempt(run: Run, tmp_path: Path) -> None:
    from dataclasses import replace

    run.write_status(replace(run.status(), state="running"))
    (tmp_path / "shapes.npz").unlink()
    with pytest.raises(DatasetMissing):
        Driver(run).drive()
    assert run.state() == "interrupted"


def test_a_run_goes_on_with_its_file_at_another_place(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere.npz"
    (tmp_path / "shapes.npz").rename(place)
    found = relocation.relocate_dataset(run, str(place))
    assert found == open_folder(run.folder) and found.config.data.dataset == str(place)
    assert files.read_json(run.folder / "config.json")["data"]["dataset"].endswith("shapes.npz"), "what was asked stays"
    assert relocation.missing_message(found) == "" and relocation.image_shape(found) == (1, 8, 8)
    longer = extend_run(found, 3)
    assert Driver(longer).drive().state == "done" and longer.status().step == 6
    (copied,) = [archive.copy_run(longer, tmp_path / "copies")]
    assert copied.config == longer.config


def test_other_images_are_refused(run: Run, tmp_path: Path) -> None:
    other = shapes_file(tmp_path / "other.npz", seed=1)
    with pytest.raises(DataError, match=r"other\.npz' does not hold the images that the run 'drawn' was trained"):
        relocation.relocate_dataset(run, str(other))
    with pytest.raises(DatasetMissing, match=r"There is no file .*nowhere\.npz"):
        relocation.relocate_dataset(run, str(tmp_path / "nowhere.npz"))
    with files.lock(run.lock_path), pytest.raises(RunLocked):
        relocation.relocate_dataset(run, str(tmp_path / "shapes.npz"))
    assert open_folder(run.folder) == run and not (run.folder / "moved.json").exists()


def test_a_run_that_never_began_may_take_any_images(tmp_path: Path, config: RunConfig) -> None:
    queued = create_run(tmp_path / "runs", config.changed(dataset=str(tmp_path / "typo.npz")))
    with pytest.raises(DatasetMissing):
        Driver(queued).drive()
    assert queued.status().state == "failed"
    assert Driver(relocation.relocate_dataset(queued, config.data.dataset)).drive().state == "done"
