"""Wrong requests and damaged runs: status 2, one sentence on standard error, nothing on standard output."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from tests.cli.answers import SMALL, Call, contents, refused
from vae_core.config import SCHEMA, make_config
from vae_core.storage import files
from vae_core.storage.runs import Status, create_run, open_folder


def test_a_run_that_is_being_trained_is_not_touched(call: Call, root: Path) -> None:
    before = contents(root / "vae")
    with files.lock(root / "vae" / ".lock"):
        assert "being trained already" in refused(call("resume", "vae", "--runs", root, "--epochs", 9))
    assert contents(root / "vae").keys() - {".lock"} == before.keys() - {".lock"}, "not made longer either"


WRONG_TRAIN = [
    (["--dataset", "mnits"], "There is no dataset called 'mnits'"),
    (["--dataset", "./pictures"], "There is no file './pictures'"),
    (["--dataset", "pictures.zip"], "There is no file 'pictures.zip'"),
    (["--dataset", ""], "dataset must be"),
    (["--latent", "0"], "latent must be 1 to 512, not '0'"),
    (["--beta", "-1"], "beta must be"),
    (["--beta", "nan"], "beta must be"),
    (["--beta", "inf"], "beta must be"),
    (["--lr", "5"], "lr must be"),
    (["--lr", "0"], "lr must be"),
    (["--epochs", "0"], "epochs must be"),
    (["--epochs", "x"], "epochs must be a whole number"),
    (["--epochs", "1.5"], "epochs must be a whole number"),
    (["--batch-size", "0"], "batch_size must be"),
    (["--limit", "0"], "limit must be"),
    (["--seed", "-1"], "seed must be"),
    (["--hidden", "0"], "hidden must be"),
    (["--hidden", "a,b"], "hidden must be"),
    (["--hidden", "8,,8"], "hidden must be"),
    (["--architecture", "conv", "--hidden", "none"], "hidden must"),
    (["--model", "gan"], "model must be"),
    (["--likelihood", "poisson"], "likelihood must be"),
    (["--sigma", "0"], "sigma must be"),
    (["--binarize", "yes"], "binarize must be"),
    (["--device", "tpu"], "device must be"),
    (["--threads", "0"], "threads must be"),
    (["--nonsense", "1"], "--nonsense"),
    (["--latent"], "--latent"),
    (["stray"], "stray"),
    (["--name", "x" * 81], "80"),
    (["--name", "two\nlines"], "one line"),
    (["--data-dir", "not-there"], "data folder 'not-there'"),
    (["--hidden", ",".join(["8192"] * 8)], "This network would have 952,550,164 parameters"),
    (["--architecture", "conv", "--hidden", "8,8,8,8,8,8"], "can be halved 5 times; name at most 5"),
    (["--from", "nonsense"], "RUN@STEP"),
    (["--from", "vae@"], "RUN@STEP"),
    (["--from", "vae@x"], "RUN@STEP"),
    (["--from", "@3"], "RUN@STEP"),
    (["--from", "vae@7"], "keeps no step 7; it keeps"),
    (["--from", "nobody@3"], "There is no run 'nobody'"),
    (["--from", "../..@3"], "There is no run"),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG_TRAIN, ids=str)
def test_a_wrong_training_is_refused(options: list[str], sentence: str, call: Call, root: Path) -> None:
    assert sentence in refused(call("train", "--json", "--runs", root, *SMALL, *options))
    assert [run.name for run in root.iterdir()] == ["vae"], "and leaves nothing behind"


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", *SMALL, "--device", "cuda"),
        ("sweep", *SMALL, "--device", "cuda", "--betas", "1,2"),
        ("resume", "asks-for-cuda"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_fault_12_cuda_without_a_gpu_is_one_sentence_and_leaves_no_failed_run(
    arguments: tuple[str, ...], call: Call, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    stopped = create_run(root, make_config(device="cuda", limit=96, hidden="8"), run_id="asks-for-cuda")
    stopped.write_status(Status(state="stopped"))
    assert "This machine has no CUDA device" in refused(call(*arguments, "--json", "--runs", root))
    assert sorted(run.name for run in root.iterdir()) == ["asks-for-cuda", "vae"]
    assert stopped.status().state == "stopped"


def test_what_shows_only_when_training_starts_is_kept_as_a_failed_run(call: Call, root: Path) -> None:
    said = refused(call("train", "--runs", root, *SMALL, "--from", "vae@3", "--latent", 3))
    (run,) = (open_folder(path) for path in root.iterdir() if path.name != "vae")
    assert run.status().state == "failed" and run.status().message == said


WRONG = [
    (["bogus"], "bogus"),
    (["evaluate"], "RUN"),
    (["resume"], "RUN"),
    (["evaluate", "nobody"], "There is no run 'nobody'"),
    (["resume", "nobody"], "There is no run 'nobody'"),
    (["evaluate", "../.."], "There is no run"),
    (["evaluate", "..%2f.."], "There is no run"),
    (["evaluate", "vae\x00"], "There is no run"),
    (["evaluate", "a" * 5_000], "There is no run"),
    (["evaluate", ""], "There is no run"),
    (["resume", "/"], "There is no run"),
    (["evaluate", "vae", "--dataset", "mnits"], "There is no dataset called 'mnits'"),
    (["evaluate", "vae", "--iw-samples", "0"], "iw-samples must be"),
    (["evaluate", "vae", "--iw-samples", "-3"], "iw-samples must be"),
    (["evaluate", "vae", "--images", "0"], "images must be at least 1"),
    (["evaluate", "vae", "--iw-samples", "x"], "--iw-samples"),
    (["evaluate", "vae", "--data-dir", "not-there"], "data folder 'not-there'"),
    (["resume", "vae", "--epochs", "0"], "epochs must be"),
    (["resume", "vae", "--epochs", "x"], "--epochs"),
    (["resume", "vae", "--epochs", "1000000"], "epochs must be"),
    (["resume", "vae", "--epochs", "2", "--data-dir", "not-there"], "data folder 'not-there'"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG, ids=str)
def test_a_wrong_request_is_refused(arguments: list[str], sentence: str, call: Call, root: Path) -> None:
    runs = ["--runs", str(root)] if len(arguments) > 1 else []
    assert sentence in refused(call(*arguments, *runs))


def test_fewer_epochs_than_asked_for_are_refused(call: Call, root: Path) -> None:
    assert call("resume", "vae", "--runs", root, "--epochs", 3)[0] == 0
    assert "at least 3" in refused(call("resume", "vae", "--runs", root, "--epochs", 2))


def test_datasets_wants_its_folder(call: Call) -> None:
    assert "data folder 'not-there'" in refused(call("datasets", "--data-dir", "not-there"))


GARBAGE = [b"", b"{", b"[1, 2]", b"null", b"\xff\xfe\x00", b'{"schema": "x"}', b"[" * 100_000]
DAMAGE = [
    *(("config.json", garbage, command) for garbage in GARBAGE for command in ("evaluate", "resume")),
    *(("model.json", garbage, "evaluate") for garbage in GARBAGE),
    *(("status.json", garbage, "resume") for garbage in GARBAGE),
    *(("model.safetensors", garbage, "evaluate") for garbage in GARBAGE),
]


@pytest.mark.parametrize(("name", "garbage", "command"), DAMAGE)
def test_a_damaged_run_is_refused(name: str, garbage: bytes, command: str, call: Call, root: Path) -> None:
    (root / "vae" / name).write_bytes(garbage)
    refused(call(command, "vae", "--runs", root, "--json"))


@pytest.mark.parametrize(("name", "command"), [(name, command) for name, _, command in DAMAGE[:: len(GARBAGE)]])
def test_a_missing_file_is_one_sentence(name: str, command: str, call: Call, root: Path) -> None:
    (root / "vae" / name).unlink()
    if name != "model.json":  # the newest step stands in for it
        refused(call(command, "vae", "--runs", root))


def test_a_weight_with_one_bit_changed_is_refused(call: Call, root: Path) -> None:
    weights = root / "vae" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert "was cut short or changed" in refused(call("evaluate", "vae", "--runs", root))


def test_a_run_of_a_newer_program_is_refused(call: Call, root: Path) -> None:
    config = root / "vae" / "config.json"
    config.write_text(config.read_text().replace(f'"schema": {SCHEMA}', f'"schema": {SCHEMA + 1}'))
    assert f"format {SCHEMA + 1} and this program knows {SCHEMA}" in refused(call("evaluate", "vae", "--runs", root))


def test_a_damaged_run_does_not_hide_the_others(call: Call, root: Path) -> None:
    shutil.copytree(root / "vae", root / "damaged")
    (root / "damaged" / "config.json").write_bytes(b"{")
    status, out, err = call("runs", "--runs", root, "--json")
    assert status == 0 and [run["run"] for run in json.loads(out)["runs"]] == ["vae"]
    assert err.startswith("damaged: config.json is damaged") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("code", "sentence"), [(errno.EROFS, "is read-only"), (errno.ENOSPC, "The disk is full"), (errno.EIO, "disk")]
)
def test_a_disk_that_takes_nothing_is_one_sentence(
    code: int, sentence: str, call: Call, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(files.SystemCalls):
        @staticmethod
        def open(*arguments: object) -> int:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files, "system", Refusing())
    assert sentence in refused(call("train", "--runs", root, *SMALL))
    assert sentence in refused(call("resume", "vae", "--runs", root, "--epochs", 2))
    assert call("runs", "--runs", root)[0] == 0 and call("evaluate", "vae", "--runs", root)[0] == 0, "browsing works"


def test_a_runs_folder_that_is_a_file_is_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(call("runs", "--runs", tmp_path / "file"))
    refused(call("train", "--runs", tmp_path / "file", *SMALL))
