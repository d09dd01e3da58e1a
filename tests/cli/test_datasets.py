"""`datasets` and its commands: import, inspect, rename and delete own pictures, and train on them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.answers import AsJson, Call
from tests.data.own.pictures import digit_files, photo_files, zipped
from vae_core.cli.config_options import train_command
from vae_core.config import make_config
from vae_core.data.own import suited
from vae_core.storage.find_runs import find_run
from vae_core.storage.paths import PROJECT_ROOT

QUICK = ("--hidden", "8", "--architecture", "mlp", "--epochs", "1")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which the environment names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LATENT_LAB_DATA", str(folder))
    return folder


def test_pictures_are_added_listed_renamed_trained_on_and_deleted(
    tmp_path: Path, data: Path, runs_root: Path, as_json: AsJson, call: Call
) -> None:
    folder = photo_files(tmp_path / "photos", 10)
    (folder / "notes.txt").write_text("no picture")
    added = as_json("datasets", "add", folder, "--name", "pets", "--size", "16", "--fit", "pad", "--held-out", "0.2")
    assert {key: added[key] for key in ("dataset", "images", "held_out", "shape", "classes", "duplicates")} == {
        "dataset": "pets", "images": 20, "held_out": 4, "shape": [3, 16, 16],
        "classes": ["astronaut", "chelsea"], "duplicates": [],
    }  # fmt: skip
    assert added["rejected"] == [{"file": "notes.txt", "reason": "It is not a picture."}]
    listed = as_json("datasets")["datasets"]
    assert [row["name"] for row in listed][-1] == "pets" and listed[-1]["where"] == "here"
    assert as_json("datasets", "rename", "pets", "animals")["dataset"] == "animals"
    run = as_json("train", "--dataset", "pets", *QUICK, "--runs", runs_root)  # by its former name
    assert find_run(run["run"], runs_root).config.data.dataset == "animals"
    assert as_json("evaluate", run["run"], "--runs", runs_root)["images"] == 4
    assert as_json("evaluate", run["run"], "--runs", runs_root, "--dataset", folder)["images"] == 4
    status, _, err = call("datasets", "delete", "animals", "--runs", runs_root)
    assert status == 2 and err.startswith("1 run needs 'animals': ") and Path(run["run"]).name in err
    gone = as_json("datasets", "delete", "animals", "--runs", runs_root, "--force")
    assert gone["runs"] == [Path(run["run"]).name] and gone["bytes"] > 20 * 3 * 256
    assert [row["name"] for row in as_json("datasets")["datasets"]][-1] != "animals"
    status, _, err = call("resume", run["run"], "--epochs", "2", "--runs", runs_root)
    assert status == 2 and "are missing: 'animals' (16 x 16 pixels, colour)" in err
    as_json("datasets", "add", folder, "--name", "again", "--size", "16", "--fit", "pad", "--held-out", "0.2")
    as_json("resume", run["run"], "--epochs", "2", "--runs", runs_root, "--dataset", "again")


def test_train_imports_a_path_chooses_settings_that_suit_it_and_finds_it_again(
    tmp_path: Path, data: Path, runs_root: Path, call: Call
) -> None:
    folder = digit_files(60, tmp_path / "digits")
    members = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}
    path = zipped(tmp_path / "digits.zip", {**members, "notes.txt": b"no picture"})
    status, out, err = call("train", "--dataset", path, *QUICK, "--json", "--runs", runs_root)
    assert status == 0
    config = find_run(json.loads(out)["run"], runs_root).config
    assert config.data.dataset == "digits" and config.data.augment == ("shift",)
    assert (config.model.hidden, config.training.epochs, config.model.latent) == ((8,), 1, 4)
    assert "Imported 60 pictures as the dataset 'digits', 6 of them held out" in err
    assert "Not used, 1 in all, such as 'notes.txt': It is not a picture." in err
    assert "--latent 4: " in err and "--epochs" not in err and "--architecture" not in err and "by heart" in err
    status, out, err = call("train", "--dataset", path, *QUICK, "--latent", "2", "--json", "--runs", runs_root)
    again = find_run(json.loads(out)["run"], runs_root).config
    assert "were imported before, as the dataset 'digits'" in err and again.model.latent == 2
    assert again.data.dataset == "digits"


def test_a_printed_train_command_says_all_that_train_would_choose(
    tmp_path: Path, data: Path, runs_root: Path, as_json: AsJson
) -> None:
    as_json("datasets", "add", digit_files(12, tmp_path / "digits"), "--name", "digits")
    words = train_command(make_config(dataset="digits", latent=3))
    assert all(f"--{name.replace('_', '-')} " in words for name in suited.FIELDS) and "--augment none" in words
    printed = as_json("sweep", "--dataset", "digits", "--field", "latent", "--values", "2,3", "--print")["commands"]
    assert len(printed) == 2 and all("--augment shift" in line for line in printed) and "--latent 3" in printed[1]


def test_inspect_shows_the_pictures_and_stores_nothing(tmp_path: Path, data: Path, as_json: AsJson, call: Call) -> None:
    folder = photo_files(tmp_path / "photos", 3)
    found = as_json("datasets", "inspect", folder, "--size", "20", "--out", tmp_path / "grid.png")
    assert (found["images"], found["classes"], found["size"]) == (6, {"astronaut": 3, "chelsea": 3}, 20)
    assert found["sizes"] == [{"width": 120, "height": 100, "images": 6}] and found["modes"] == {"RGB": 6}
    with Image.open(io.BytesIO((tmp_path / "grid.png").read_bytes())) as grid:
        assert grid.size == (6 * 21 - 1, 20)
    status, out, _ = call("datasets", "inspect", folder)
    assert status == 0 and "They would be stored at 64 x 64." in out and list(data.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "nowhere", "--name", "a"), "There is no file or folder 'nowhere'"),
        (("add", ".", "--name", "mnist"), "'mnist' is the name of a dataset that comes with the program"),
        (("add", ".", "--name", "sprites-32-1000-1"), "is the name of a dataset that comes with the program"),
        (("add", ".", "--name", "a/b"), "A dataset's name has 1 to 60 letters"),
        (("add", ".", "--name", "a", "--size", "1000"), "size must be 4 to 512, not '1000'."),
        (("add", ".", "--name", "a", "--held-out", "2"), "--held-out must be above 0, at most 0.9, not '2'."),
        (("add", ".", "--name", "a"), "There are no pictures in '.'"),
        (("inspect", ".", "--out", "a.jpg"), "--out must name a file that ends in .png"),
        (("delete", "mnist"), "'mnist' comes with the program"),
        (("delete", "nothing"), "There is no imported dataset called 'nothing'"),
        (("rename", "nothing", "new"), "There is no imported dataset called 'nothing'"),
    ],
)
def test_a_wrong_request_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, data: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    status, out, err = call("datasets", *arguments)
    assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1


def test_ctrl_c_stops_an_import_which_then_goes_on(tmp_path: Path, data: Path, as_json: AsJson) -> None:
    folder = digit_files(600, tmp_path / "digits")
    command = [sys.executable, "-m", "vae_core", "datasets", "add", str(folder), "--name", "digits", "--size", "128"]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stderr=subprocess.PIPE, text=True, env=os.environ | {})
    while process.poll() is None and not list(data.glob("own/.import-*/00000.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT and "the same command goes on" in err and err.count("\n") == 1
    assert not (data / "own" / "digits").exists()
    assert as_json("datasets", "add", folder, "--name", "digits", "--size", "128")["images"] == 600
    assert [path.name for path in (data / "own").iterdir() if path.name != ".lock"] == ["digits"]
