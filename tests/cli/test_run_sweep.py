"""`sweep`: its JSON, its lines for job arrays, what it refuses, and Ctrl-C."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.answers import EVALUATE_KEYS, SMALL, AsJson, Call, refused
from vae_core.cli.config_options import train_command
from vae_core.cli.run_sweep import _resume_abandoned
from vae_core.config import make_config
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import create_run, list_runs, open_folder
from vae_core.training.manager import Manager
from vae_core.training.sweep import Sweep


def test_it_takes_every_option_of_train(call: Call) -> None:
    _, out, _ = call("sweep", "--help")
    for option in ("--betas", "--seeds", "--field", "--values", "--workers", "--print", "--latent", "--runs", "--json"):
        assert f"{option} " in out


@pytest.mark.slow
def test_the_json_has_a_run_for_each_beta_and_seed(as_json: AsJson, call: Call, tmp_path: Path) -> None:
    options = ("--runs", tmp_path, *SMALL, "--betas", "1,4", "--seeds", "0,1")
    found = as_json("sweep", *options)["runs"]
    assert [(run["beta"], run["seed"]) for run in found] == [(1, 0), (1, 1), (4, 0), (4, 1)]
    assert all(run.keys() >= EVALUATE_KEYS | {"run"} and run["state"] == "done" for run in found)
    assert len({run["run"] for run in found}) == 4 and open_folder(Path(found[3]["run"])).config.objective.beta == 4
    evaluated = as_json("evaluate", found[0]["run"])
    assert {key: found[0][key] for key in EVALUATE_KEYS} == {key: evaluated[key] for key in EVALUATE_KEYS}
    more = as_json("sweep", *options[:-4], "--betas", "1,4,8")["runs"]
    assert [run["run"] for run in more[:2]] == [found[0]["run"], found[2]["run"]], "computed once and found again"
    assert len(list_runs(tmp_path)[0]) == 5
    status, out, err = call("sweep", *options)
    assert (status, err) == (0, "") and len(out.splitlines()) == 5


@pytest.mark.slow
def test_another_field_in_betas_place(as_json: AsJson, tmp_path: Path) -> None:
    found = as_json("sweep", "--runs", tmp_path, *SMALL, "--field", "model", "--values", "ae,vae", "--workers", 1)
    assert found["field"] == "model" and [run["model"] for run in found["runs"]] == ["ae", "vae"]
    assert [run["kl_nats"] is None for run in found["runs"]] == [True, False]


def test_print_gives_a_train_line_a_run_and_trains_nothing(call: Call, as_json: AsJson, tmp_path: Path) -> None:
    options = ("--runs", tmp_path / "my runs", *SMALL, "--betas", "1,2.5", "--seeds", "0,1", "--print")
    status, out, err = call("sweep", *options)
    assert (status, err) == (0, "") and list_runs(tmp_path / "my runs")[0] == []
    lines = out.splitlines()
    assert as_json("sweep", *options) == {"commands": lines} and len(lines) == 4
    assert all(line.startswith("python -m vae_core train ") for line in lines)
    words = shlex.split(lines[3])
    assert words[words.index("--beta") + 1] == "2.5" and words[words.index("--runs") + 1].endswith("my runs")
    done = as_json(*words[3:])
    run = open_folder(Path(done["run"]))
    asked = make_config(limit=96, batch_size=32, hidden="8", epochs=1, beta=2.5, seed=1)
    assert run.config == asked and run.folder.parent == tmp_path / "my runs"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"architecture": "conv"},
        {"architecture": "conv", "hidden": "8,16"},
        {"hidden": "none", "lr": 1e-4, "sigma": 0.1, "likelihood": "gaussian"},
        {"capacity": 25.0, "limit": 500, "beta": 0.1, "seed": 2**32 - 1, "device": "cpu"},
    ],
)
def test_a_line_says_all_that_is_not_the_default(values: dict[str, object], call: Call, tmp_path: Path) -> None:
    config = make_config(**values)
    words = shlex.split(train_command(config, tmp_path))
    assert words[:4] == ["python", "-m", "vae_core", "train"]
    given = dict(zip(words[4:-2:2], words[5:-2:2], strict=True))
    assert make_config(**{name[2:].replace("-", "_"): value for name, value in given.items()}) == config
    assert len(given) <= len(values) + 2


WRONG: list[tuple[Sequence[str], str]] = [
    ((), "Give --betas"),
    (("--betas", "1,2", "--field", "latent", "--values", "2,4"), "Give --betas"),
    (("--field", "latent"), "--field and --values go together"),
    (("--betas", "1,x"), "beta must be a number"),
    (("--betas", "1,-2"), "beta must be 0 to 1000"),
    (("--betas", "1,1.0"), "is given twice"),
    (("--betas", ","), "at least one value of beta"),
    (("--betas", ",".join(map(str, range(100)))), "at most 24 values"),
    (("--betas", "1", "--seeds", "a"), "seed must be a whole number"),
    (("--betas", "1", "--seeds", "0", "--seed", "1"), "not both"),
    (("--betas", "1", "--workers", "0"), "--workers must be 1 to 256"),
    (("--betas", "1", "--dataset", "nothing"), "no dataset called 'nothing'"),
    (("--betas", "1", "--epochs", "0"), "epochs must be"),
    (("--field", "sigma", "--values", "1,2"), "sigma makes no difference"),
    (("--betas", "1", "--scheduler", "tcp://here"), "not the address of a scheduler"),
    (("--betas", "1", "--scheduler", "tcp://10.0.0.5:8786"), "or --trust-network if you trust the network"),
    (("--betas", "1", "--scheduler", "tls://10.0.0.5:8786"), "give --tls-ca, --tls-cert, --tls-key as well"),
    (
        ("--betas", "1", "--scheduler", "tls://10.0.0.5:8786", "--tls-ca", "a", "--tls-cert", "b", "--tls-key", "c"),
        "There is no file 'a' for --tls-ca",
    ),
    (("--betas", "1", "--scheduler", "127.0.0.1:8786", "--tls-key", "c"), "go with a scheduler at tls://"),
    (("--betas", "1", "--scheduler", "127.0.0.1:8786", "--workers", "2"), "--workers applies to this machine"),
    (("--betas", "1", "--trust-network"), "go with --scheduler"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_a_wrong_request_is_one_sentence_and_makes_no_run(
    options: Sequence[str], words: str, call: Call, tmp_path: Path
) -> None:
    assert words in refused(call("sweep", "--runs", tmp_path, *options))
    assert list_runs(tmp_path)[0] == []


def test_a_paused_run_that_no_process_holds_is_resumed(tmp_path: Path) -> None:
    config = make_config(batch_size=32, epochs=2, hidden="16", limit=256)
    manager = Manager(tmp_path, slots=1, adopt=False)
    manager._start = lambda run, free: None  # type: ignore[method-assign]
    paused = create_run(tmp_path, config)
    paused.write_status(replace(paused.status(), state="paused"))
    try:
        _resume_abandoned(Sweep.start(manager, [config], tmp_path))
        assert paused.status().state == "queued"
    finally:
        manager.close()


@pytest.mark.slow
def test_an_interrupt_stops_all_with_everything_saved(tmp_path: Path) -> None:
    options = ["--runs", str(tmp_path), "--hidden", "8", "--limit", "256", "--epochs", "100000", "--json"]
    command = [sys.executable, "-m", "vae_core", "sweep", "--betas", "1,2,4", "--workers", "2", *options]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while len(list(tmp_path.glob("*/film/00000008.npz"))) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    runs = json.loads(out)["runs"]
    assert process.returncode == -signal.SIGINT, "the signal ends it, so that a shell's loop ends as well"
    assert [run["state"] for run in runs] == ["stopped"] * 3, err
    assert [run["negative_elbo_nats"] for run in runs] == [None] * 3
    for run in runs[:2]:
        folder = Path(run["run"])
        step = open_folder(folder).status().step
        assert step >= 8 and (folder / f"step-{step:08d}.safetensors").exists()
        assert not Path(f"/proc/{_worker(folder)}").exists()
    assert b"Traceback" not in err and err.count(b"\n") == 3


def _worker(folder: Path) -> int:
    return int((folder / "worker.log").read_text().split(" worker ")[1].split()[0])
