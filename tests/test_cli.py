"""The command line: exit statuses, the one sentence of an error, the keys of its JSON."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from vae_core.cli import main
from vae_core.config import FIELDS
from vae_core.storage import files
from vae_core.storage.places import PROJECT_ROOT
from vae_core.storage.runs import Control, open_folder

COMMANDS = ("datasets", "train", "resume", "evaluate", "runs")
SMALL = ("--limit", "96", "--batch-size", "32", "--hidden", "8", "--epochs", "1")
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


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Signals and threads as they were; a wide terminal; no folder that the person has named."""
    for name in ("LATENT_LAB_DATA", "LATENT_LAB_RUNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "400")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    for number, handler in handlers.items():
        signal.signal(number, handler)


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """`call("train", ...)`: exit status, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def as_json(call: Call) -> Callable[..., dict[str, Any]]:
    """`as_json("train", ...)`: the one object that the command prints with --json."""

    def run(*arguments: object) -> dict[str, Any]:
        status, out, _ = call(*arguments, "--json")
        assert status == 0 and out.count("\n") == 1
        found = json.loads(out)
        assert isinstance(found, dict)
        return found

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with one finished run, `vae`; tests copy it before they change it."""
    root = tmp_path_factory.mktemp("finished")
    command = [sys.executable, "-m", "vae_core", "train", "--runs", str(root), "--json", *SMALL]
    done = subprocess.run(command, cwd=PROJECT_ROOT, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    Path(json.loads(done.stdout)["run"]).rename(root / "vae")
    return root


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    """A copy of that runs folder."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def refused(result: tuple[int, str, str]) -> str:
    """The sentence of a request that was wrong: status 2, one line on standard error, nothing on standard output."""
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and err.strip() and "Traceback" not in err
    return err.strip()


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


def test_train_prints_one_object_and_leaves_a_finished_run(
    as_json: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
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


def test_evaluate_gives_the_figures_by_their_names(as_json: Callable[..., dict[str, Any]], root: Path) -> None:
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


def test_evaluate_estimates_the_likelihood_with_importance_samples(
    as_json: Callable[..., dict[str, Any]], root: Path
) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--iw-samples", 3)
    assert found.keys() >= EVALUATE_KEYS | {"iw_nll_nats"}
    assert found["iw_nll_nats"] < found["negative_elbo_nats"] + 0.5


def test_evaluate_takes_another_dataset(as_json: Callable[..., dict[str, Any]], root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--dataset", "fashion-mnist-sample")
    assert found["dataset"] == "fashion-mnist-sample"
    assert found["floor_nats"] == pytest.approx(189.9, abs=5), "Fashion-MNIST's floor"


def test_an_autoencoder_has_no_kl(as_json: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    run = as_json("train", "--runs", tmp_path, *SMALL, "--model", "ae")["run"]
    found = as_json("evaluate", run)
    assert found["kl_nats"] is None and found["kl_per_dimension"] is None
    assert found["negative_elbo_nats"] == found["reconstruction_nats"]


def test_datasets_and_runs_are_listed(as_json: Callable[..., dict[str, Any]], root: Path) -> None:
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
def test_a_hostile_name_is_shown_as_it_is(
    name: str, call: Call, as_json: Callable[..., dict[str, Any]], root: Path
) -> None:
    as_json("train", "--runs", root, *SMALL, "--name", name)
    assert name in call("runs", "--runs", root)[1]
    assert name in [run["name"] for run in as_json("runs", "--runs", root)["runs"]]


def test_a_finished_run_has_nothing_to_resume(call: Call, as_json: Callable[..., dict[str, Any]], root: Path) -> None:
    before = contents(root / "vae")
    status, out, err = call("resume", "vae", "--runs", root)
    assert (status, err) == (0, "") and "finished" in out
    found = as_json("resume", "vae", "--runs", root)
    assert (found["state"], found["steps"]) == ("done", 3)
    assert {name: value for name, value in contents(root / "vae").items() if name != ".lock"} == {
        name: value for name, value in before.items() if name != ".lock"
    }


def test_resume_makes_a_run_longer(as_json: Callable[..., dict[str, Any]], root: Path) -> None:
    found = as_json("resume", "vae", "--runs", root, "--epochs", 3)
    assert (found["state"], found["steps"]) == ("done", 9)
    assert as_json("evaluate", "vae", "--runs", root)["step"] == 9
    assert as_json("resume", "vae", "--runs", root)["steps"] == 9, "it is finished again"


def test_a_run_that_was_left_paused_goes_on(as_json: Callable[..., dict[str, Any]], root: Path) -> None:
    """Paused by the app and its process gone: on the command line nobody could press Go on."""
    run = open_folder(root / "vae")
    run.write_control(Control(want="pause", step_until=3))
    assert as_json("resume", "vae", "--runs", root, "--epochs", 2)["state"] == "done"


def test_a_run_can_start_from_another(as_json: Callable[..., dict[str, Any]], root: Path) -> None:
    found = as_json("train", "--runs", root, *SMALL, "--from", "vae@3", "--beta", 4)
    run = open_folder(Path(found["run"]))
    assert run.config.parent == "vae@3" and run.config.objective.beta == 4.0
    assert as_json("train", "--runs", root, *SMALL, "--from", f"{root / 'vae'}@3")["steps"] == 3


def test_a_run_that_is_being_trained_is_not_touched(call: Call, root: Path) -> None:
    before = contents(root / "vae")
    with files.lock(root / "vae" / ".lock"):
        assert "being trained already" in refused(call("resume", "vae", "--runs", root, "--epochs", 9))
    assert contents(root / "vae").keys() - {".lock"} == before.keys() - {".lock"}, "not made longer either"


WRONG_TRAIN = [
    (["--dataset", "mnits"], "There is no dataset called 'mnits'"),
    (["--dataset", "./pictures"], "Own images"),
    (["--dataset", "pictures.zip"], "Own images"),
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
    (["--from", "nonsense"], "RUN@STEP"),
    (["--from", "vae@"], "RUN@STEP"),
    (["--from", "vae@x"], "RUN@STEP"),
    (["--from", "@3"], "RUN@STEP"),
    (["--from", "vae@7"], "keeps no step 7; it keeps 3"),
    (["--from", "nobody@3"], "There is no run 'nobody'"),
    (["--from", "../..@3"], "is no run id"),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG_TRAIN, ids=str)
def test_a_wrong_training_is_refused(options: list[str], sentence: str, call: Call, root: Path) -> None:
    assert sentence in refused(call("train", "--json", "--runs", root, *SMALL, *options))
    assert [run.name for run in root.iterdir()] == ["vae"], "and leaves nothing behind"


def test_what_shows_only_when_training_starts_is_kept_as_a_failed_run(call: Call, root: Path) -> None:
    for options in (["--hidden", ",".join(["8192"] * 8)], ["--from", "vae@3", "--latent", 3]):
        said = refused(call("train", "--runs", root, *SMALL, *options))
        (run,) = (open_folder(path) for path in root.iterdir() if path.name != "vae")
        assert run.status().state == "failed" and run.status().message == said
        shutil.rmtree(run.folder)


WRONG = [
    (["bogus"], "bogus"),
    (["evaluate"], "RUN"),
    (["resume"], "RUN"),
    (["evaluate", "nobody"], "There is no run 'nobody'"),
    (["resume", "nobody"], "There is no run 'nobody'"),
    (["evaluate", "../.."], "is no run id"),
    (["evaluate", "..%2f.."], "is no run id"),
    (["evaluate", "vae\x00"], "is no run id"),
    (["evaluate", "a" * 5_000], "is no run id"),
    (["evaluate", ""], "is no run id"),
    (["resume", "/"], "is no run id"),
    (["evaluate", "vae", "--dataset", "mnits"], "There is no dataset called 'mnits'"),
    (["evaluate", "vae", "--iw-samples", "0"], "iw-samples must be"),
    (["evaluate", "vae", "--iw-samples", "-3"], "iw-samples must be"),
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
    config.write_text(config.read_text().replace('"schema": 1', '"schema": 2'))
    assert "format 2 and this program knows 1" in refused(call("evaluate", "vae", "--runs", root))


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


def test_a_diverged_training_is_status_1(call: Call, tmp_path: Path) -> None:
    options = ("--limit", 400, "--batch-size", 32, "--epochs", 4, "--lr", 1)
    status, out, err = call("train", "--runs", tmp_path, *options, "--json")
    assert status == 1 and json.loads(out)["state"] == "diverged"
    assert "such as 0.001" in err and "Traceback" not in err


@pytest.mark.slow
def test_an_interrupt_ends_with_everything_saved(tmp_path: Path, as_json: Callable[..., dict[str, Any]]) -> None:
    options = ["--runs", str(tmp_path), "--hidden", "8", "--limit", "256", "--epochs", "100000", "--json"]
    command = [sys.executable, "-m", "vae_core", "train", *options]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob("*/film/00000008.npz")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    found = json.loads(out)
    assert (process.returncode, found["state"]) == (1, "stopped") and found["steps"] >= 8
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
