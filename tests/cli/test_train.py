"""`train` and `resume`: their options, their JSON, and what they leave behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.answers import SMALL, AsJson, Call, contents
from tests.data.shapes_file import shapes_file
from vae_core.config import FIELDS
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import Control, open_folder

TRAIN_KEYS = {"run", "steps", "seconds", "images_per_second", "state"}


def test_train_takes_every_field_of_the_configuration(call: Call) -> None:
    _, out, _ = call("train", "--help")
    for name in FIELDS:
        assert f"--{name.replace('_', '-')} " in out
    for option in ("--from", "--name", "--runs", "--data-dir", "--json"):
        assert option in out


def test_train_offers_only_datasets_that_can_be_used(call: Call) -> None:
    """Fault 12: folders and zips are offered because their pictures are imported."""
    for command in ("train", "sweep"):
        words = " ".join(call(command, "--help")[1].split())
        offer = words[words.index("--dataset ") : words.index("--limit ")]
        assert "NAME|PATH" in offer and "npz in the format of dSprites" in offer
        assert "a folder, a zip or another file of your own pictures, which are then imported" in offer


def test_train_prints_one_object_and_leaves_a_finished_run(as_json: AsJson, tmp_path: Path) -> None:
    found = as_json("train", "--runs", tmp_path / "new" / "runs", *SMALL, "--model", "ae", "--seed", 3)
    assert found.keys() >= TRAIN_KEYS
    assert (found["steps"], found["state"]) == (3, "done")
    assert found["seconds"] > 0 and found["images_per_second"] == pytest.approx(96 / found["seconds"], rel=0.05)
    run = open_folder(Path(found["run"]))
    assert run.is_finished() and run.folder.parent == tmp_path / "new" / "runs"
    assert (run.config.model.model, run.config.training.seed, run.config.model.hidden) == ("ae", 3, (8,))


def test_a_batch_larger_than_the_data_is_told(call: Call, tmp_path: Path) -> None:
    options = ("--limit", 5, "--epochs", 1, "--hidden", 8, "--json")
    status, out, err = call("train", "--runs", tmp_path, *options)
    assert status == 0 and json.loads(out)["steps"] == 1
    assert err == "Note: The batch of 128 images was cut to the 5 that there are.\n"


def test_a_finished_run_has_nothing_to_resume(call: Call, as_json: AsJson, root: Path) -> None:
    before = contents(root / "vae")
    status, out, err = call("resume", "vae", "--runs", root)
    assert (status, err) == (0, "") and "finished" in out
    found = as_json("resume", "vae", "--runs", root)
    assert (found["state"], found["steps"]) == ("done", 3)
    assert {name: value for name, value in contents(root / "vae").items() if name != ".lock"} == {
        name: value for name, value in before.items() if name != ".lock"
    }


def test_resume_makes_a_run_longer(as_json: AsJson, root: Path) -> None:
    found = as_json("resume", "vae", "--runs", root, "--epochs", 3)
    assert (found["state"], found["steps"]) == ("done", 9)
    assert as_json("evaluate", "vae", "--runs", root)["step"] == 9
    assert as_json("resume", "vae", "--runs", root)["steps"] == 9, "it is finished again"


def test_a_run_that_was_left_paused_goes_on(as_json: AsJson, root: Path) -> None:
    """Paused by the app and its process gone: on the command line nobody could press Go on."""
    run = open_folder(root / "vae")
    run.write_control(Control(want="pause", step_until=3))
    assert as_json("resume", "vae", "--runs", root, "--epochs", 2)["state"] == "done"


def test_a_run_can_start_from_another(as_json: AsJson, root: Path) -> None:
    found = as_json("train", "--runs", root, *SMALL, "--from", "vae@3", "--beta", 4)
    run = open_folder(Path(found["run"]))
    assert run.config.parent == "vae@3" and run.config.objective.beta == 4.0
    assert as_json("train", "--runs", root, *SMALL, "--from", f"{root / 'vae'}@3")["steps"] == 3


def test_a_diverged_training_is_status_1(call: Call, tmp_path: Path) -> None:
    options = ("--limit", 400, "--batch-size", 32, "--epochs", 4, "--lr", 1)
    status, out, err = call("train", "--runs", tmp_path, *options, "--json")
    assert status == 1 and json.loads(out)["state"] == "diverged"
    assert "such as 0.001" in err and "Traceback" not in err
    found = open_folder(Path(json.loads(out)["run"]))
    assert f"train --limit 400 --epochs 4 --batch-size 32 --lr 0.001 --runs {tmp_path}" in err
    status, out, err = call("resume", found.folder, "--json")
    assert status == 1 and json.loads(out)["state"] == "diverged"
    assert err.startswith("The run diverged, and with the same settings it will most likely do so again.")
    assert call("evaluate", found.folder, "--json")[0] == 0


@pytest.mark.slow
def test_an_interrupt_ends_with_everything_saved(tmp_path: Path, as_json: AsJson) -> None:
    options = ["--runs", str(tmp_path), "--hidden", "8", "--limit", "256", "--epochs", "100000", "--json"]
    command = [sys.executable, "-m", "vae_core", "train", *options]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob("*/film/00000008.npz")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    found = json.loads(out)
    assert found["state"] == "stopped" and found["steps"] >= 8
    assert process.returncode == -signal.SIGINT, "the signal ends it, so that a shell's loop ends as well"
    assert err.decode() == f"The run was stopped; 'resume {Path(found['run']).name}' continues it.\n"


def test_a_dataset_file_that_moved_is_pointed_to_again(call: Call, as_json: AsJson, tmp_path: Path) -> None:
    """What needs no images works without them: pictures from the prior, or from the codes that the film holds."""
    place, options = shapes_file(tmp_path / "shapes.npz"), ("--hidden", 8, "--epochs", 1, "--runs", tmp_path / "runs")
    status, out, err = call("train", "--dataset", tmp_path / "typo.npz", *options)
    assert (status, out) == (2, "") and err.startswith(f"There is no file '{tmp_path}/typo.npz'; check the path")
    assert not list((tmp_path / "runs").glob("*/config.json")), "a mistyped path leaves no run"
    vae, ae = (as_json("train", "--dataset", place, *options, "--model", model)["run"] for model in ("vae", "ae"))
    place.rename(tmp_path / "moved.npz")
    for run in (vae, ae):
        assert as_json("sample", run, "--out", tmp_path / "drawn.png")["images"] == 64
        assert as_json("traverse", run, "--out", tmp_path / "walk.gif")["dataset"] is None
    status, out, err = call("evaluate", vae)
    assert (status, out) == (2, "") and "shapes.npz' (8 x 8 pixels, grey)" in err and "--dataset PATH" in err
    assert call("resume", vae, "--epochs", 2)[0] == 2
    assert call("resume", vae)[0] == 0, "it is as finished as before"
    assert as_json("resume", vae, "--epochs", 2, "--dataset", tmp_path / "moved.npz")["state"] == "done"
    assert as_json("evaluate", vae)["dataset"] == str(tmp_path / "moved.npz")
    assert call("resume", ae, "--dataset", "mnist-sample")[0] == 2
