"""What each command does, and the keys of its JSON."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.answers import SMALL, AsJson, Call, contents
from tests.data.test_moved import picture_file
from vae_core.config import FIELDS
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import Control, open_folder

COMMANDS = ("datasets", "train", "resume", "evaluate", "runs")
TRAIN_KEYS = {"run", "steps", "seconds", "images_per_second", "state"}
EVALUATE_KEYS = {
    "images",
    "reconstruction_nats",
    "kl_nats",
    "negative_elbo_nats",
    "floor_nats",
    "active_units",
    "kl_per_dimension",
    "mse_per_pixel",
}


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help(command: str, call: Call) -> None:
    status, out, err = call(*command.split(), "--help")
    assert (status, err) == (0, "") and "Usage: python -m vae_core" in out and "--help" in out


def test_no_command_is_help(call: Call) -> None:
    status, out, err = call()
    assert (status, err) == (0, "") and all(name in out for name in COMMANDS)


def test_train_takes_every_field_of_the_configuration(call: Call) -> None:
    _, out, _ = call("train", "--help")
    for name in FIELDS:
        assert f"--{name.replace('_', '-')} " in out
    for option in ("--from", "--name", "--runs", "--data-dir", "--json"):
        assert option in out


def test_train_offers_only_datasets_that_can_be_used(call: Call) -> None:
    """Fault 12: folders and zips of own images are not built yet."""
    for command in ("train", "sweep"):
        words = " ".join(call(command, "--help")[1].split())
        offer = words[words.index("--dataset ") : words.index("--limit ")]
        assert "NAME|FILE" in offer and "npz of dSprites' form" in offer
        assert not {"folder", "zip"} & set(offer.lower().replace("|", " ").split())


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


def test_evaluate_gives_the_figures_by_their_names(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root)
    assert found.keys() >= EVALUATE_KEYS and "iw_nll_nats" not in found
    assert found["images"] == 2_000
    assert found["negative_elbo_nats"] == pytest.approx(found["reconstruction_nats"] + found["kl_nats"])
    assert sum(found["kl_per_dimension"]) == pytest.approx(found["kl_nats"]) and len(found["kl_per_dimension"]) == 2
    assert 0 < found["mse_per_pixel"] < 0.3 and found["floor_nats"] < found["reconstruction_nats"]
    assert as_json("evaluate", root / "vae") == found, (
        "a folder's path names the run as well, and nothing is drawn anew"
    )
    assert as_json("evaluate", "vae", "--runs", root, "--best").keys() == found.keys()


def test_evaluate_estimates_the_likelihood_with_importance_samples(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--iw-samples", 3)
    assert found.keys() >= EVALUATE_KEYS | {"iw_nll_nats"}
    assert found["iw_nll_nats"] < found["negative_elbo_nats"] + 0.5


def test_12_evaluate_tells_the_importance_samples_and_their_seed(as_json: AsJson, call: Call, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--iw-samples", 3)
    assert (found["iw_samples"], found["iw_seed"]) == (3, 0) and found["iw_nll_nats_standard_error"] > 0
    printed = call("evaluate", "vae", "--runs", root, "--iw-samples", 3)[1]
    assert re.search(r"iw_samples +3\b", printed) and re.search(r"iw_seed +0\b", printed)


def test_13_evaluate_says_that_grey_pixels_have_no_likelihood(as_json: AsJson, call: Call, root: Path) -> None:
    (note,) = as_json("evaluate", "vae", "--runs", root)["notes"]
    assert "not the negative log-likelihood that papers report" in note
    status, _, err = call("evaluate", "vae", "--runs", root)
    assert (status, err) == (0, f"Note: {note}\n")


def test_13_black_and_white_test_images_are_a_function_of_the_seed(as_json: AsJson, tmp_path: Path) -> None:
    """The same seed draws the same test images whenever they are evaluated; `fixed` draws the same for every seed."""
    options = ("--runs", tmp_path, *SMALL)
    first, other, fixed = (
        as_json("train", *options, "--binarize", mode, "--seed", seed)["run"]
        for mode, seed in (("dynamic", 0), ("dynamic", 1), ("fixed", 1))
    )
    assert as_json("evaluate", first) == as_json("evaluate", first)
    assert as_json("evaluate", first)["notes"] == as_json("evaluate", fixed)["notes"] == []
    assert as_json("evaluate", first)["floor_nats"] == 0.0
    assert as_json("evaluate", first)["mse_per_pixel"] != as_json("evaluate", other)["mse_per_pixel"]


def test_evaluate_can_take_a_part_of_the_test_images(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--images", 50, "--iw-samples", 2)
    assert found["images"] == 50
    whole = as_json("evaluate", "vae", "--runs", root)
    assert found["negative_elbo_nats"] != whole["negative_elbo_nats"]
    assert (
        as_json("evaluate", "vae", "--runs", root, "--images", 5_000)["negative_elbo_nats"]
        == whole["negative_elbo_nats"]
    )


def test_evaluate_takes_another_dataset(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--dataset", "fashion-mnist-sample")
    assert found["dataset"] == "fashion-mnist-sample"
    assert found["floor_nats"] == pytest.approx(189.9, abs=5), "Fashion-MNIST's floor"


def test_an_autoencoder_has_no_kl(as_json: AsJson, tmp_path: Path) -> None:
    run = as_json("train", "--runs", tmp_path, *SMALL, "--model", "ae")["run"]
    found = as_json("evaluate", run)
    assert found["kl_nats"] is None and found["kl_per_dimension"] is None
    assert found["negative_elbo_nats"] == found["reconstruction_nats"]


def test_datasets_and_runs_are_listed(as_json: AsJson, root: Path) -> None:
    names = [row["name"] for row in as_json("datasets")["datasets"]]
    assert {"mnist-sample", "fashion-mnist-sample", "mnist", "fashion-mnist"} <= set(names)
    (run,) = as_json("runs", "--runs", root)["runs"]
    assert (run["run"], run["state"], run["step"], run["latent"]) == ("vae", "done", 3, 2)


def test_tables_are_for_people(call: Call, root: Path) -> None:
    for arguments in (("datasets",), ("runs", "--runs", root), ("evaluate", "vae", "--runs", root)):
        status, out, err = call(*arguments)
        assert (status, err) == (0, "") and len(out.splitlines()) > 1


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "[red]not red[/red] [link=javascript:x]y[/link]",
    ":smile: :material/home:",
    "![](http://host/x) $$x$$ `x`",
    "=cmd()",
    "{task.description} %s {0}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(name: str, call: Call, as_json: AsJson, root: Path) -> None:
    as_json("train", "--runs", root, *SMALL, "--name", name)
    assert name in call("runs", "--runs", root)[1]
    assert name in [run["name"] for run in as_json("runs", "--runs", root)["runs"]]


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
    assert err.startswith("The run diverged, and with the same settings it most likely will again.")
    assert call("evaluate", found.folder, "--json")[0] == 0


@pytest.mark.slow
def test_an_interrupt_ends_with_everything_saved(tmp_path: Path, as_json: AsJson) -> None:
    options = ["--runs", str(tmp_path), "--hidden", "8", "--limit", "256", "--epochs", "100000", "--json"]
    command = [sys.executable, "-m", "vae_core", "train", *options]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob("*/film/00000008.npz")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    found = json.loads(out)
    assert found["state"] == "stopped" and found["steps"] >= 8
    assert process.returncode == -signal.SIGINT, "the signal ends it, so that a shell's loop ends as well"
    assert err.decode() == f"The run was stopped; 'resume {Path(found['run']).name}' goes on.\n"


@pytest.mark.slow
def test_as_a_program(root: Path) -> None:
    def program(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vae_core", *arguments]
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, env=environment)

    wrong = program("train", "--latent", "0")
    assert (wrong.returncode, wrong.stdout) == (2, "") and wrong.stderr.count("\n") == 1
    right = program("evaluate", str(root / "vae"), "--json")
    assert (right.returncode, right.stderr) == (0, "") and json.loads(right.stdout)["images"] == 2_000


def test_a_dataset_file_that_moved_is_pointed_to_again(call: Call, as_json: AsJson, tmp_path: Path) -> None:
    """What needs no images works without them: pictures from the prior, or from the codes that the film holds."""
    place, options = picture_file(tmp_path / "shapes.npz"), ("--hidden", 8, "--epochs", 1, "--runs", tmp_path / "runs")
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
