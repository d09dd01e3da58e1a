"""The program: its list of commands, their help, and what it imports to give them."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
import typer

import vae_core.cli
from tests.cli.answers import AsJson, Call
from vae_core.cli.app import Program
from vae_core.cli.manage_runs import RunsGroup
from vae_core.cli.options import MAX_SEED, OptionGroup, expand_options, in_range
from vae_core.errors import ConfigError
from vae_core.storage.paths import PROJECT_ROOT


@pytest.mark.parametrize("command", ["", *Program.modules])
def test_every_command_has_help(command: str, call: Call) -> None:
    status, out, err = call(*command.split(), "--help")
    assert (status, err) == (0, "") and f"Usage: python -m vae_core {command}" in out and "--help" in out


def test_no_command_is_help(call: Call) -> None:
    status, out, err = call()
    assert (status, err) == (0, "")
    for name, (_, summary) in Program.modules.items():
        assert f"{name} " in out and summary in out, "a summary fits on its line"


def test_every_command_of_a_module_is_listed() -> None:
    """A command that stands in a module only would be in no help, and could not be run."""
    listed = {(module, name) for name, (module, _) in {**Program.modules, **RunsGroup.modules}.items()}
    modules = {item.name: importlib.import_module(f"vae_core.cli.{item.name}") for item in _modules()}
    assert {
        (name, command)
        for name, module in modules.items()
        if hasattr(module, "app")
        for command in typer.main.get_group(module.app).commands
    } == listed


def _modules() -> list[pkgutil.ModuleInfo]:
    return list(pkgutil.iter_modules(vae_core.cli.__path__))


WRONG = {
    "datasets": "--nonsense",
    "train": "--latent 0",
    "resume": "nobody",
    "sweep": "--betas 1,2 --field latent",
    "evaluate": "nobody",
    "disentangle": "nobody --seed -1",
    "restore": "nobody --invert",
    "restore-curve": "nobody --corruption blur",
    "compress": "nobody --images 0",
    "collapse": "--likelihood poisson",
    "encode": "nobody --out codes.png",
    "sample": "nobody --out grid.png",
    "traverse": "nobody --out walk.gif --scale 0",
    "runs": "nonsense",
}
"""A wrong request for each command."""
LISTS = (
    "runs",
    "datasets",
    "runs trash",
    "runs delete nobody",
    "runs export nobody",
    "runs import nobody",
    "runs check",
)
WITHOUT_TORCH = (
    *(f"{command} --help" for command in ("", *Program.modules)),
    *(f"runs {command} --help" for command in RunsGroup.modules),
    *(f"{command} {words}" for command, words in WRONG.items()),
    *LISTS,
    "sweep --betas 1,2 --seeds 0,1 --print",
)
SCRIPT = """
import sys
from vae_core.cli import main
for line in sys.argv[1:]:
    print("status", main(line.split()))
    assert "torch" not in sys.modules, line
"""


def test_help_lists_and_refusals_load_no_torch(tmp_path: Path) -> None:
    """Torch takes seconds to load. All in one process, which a command that loads it ends."""
    assert WRONG.keys() == Program.modules.keys()
    command = [sys.executable, "-c", SCRIPT, *WITHOUT_TORCH]
    environment = {**os.environ, "LATENT_LAB_RUNS": str(tmp_path)}
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    statuses = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("status ")]
    refused = {f"{command} {words}" for command, words in WRONG.items()} | set(LISTS[3:])
    assert statuses == ["2" if line in refused else "0" for line in WITHOUT_TORCH]


@dataclass(frozen=True)
class Size(OptionGroup):
    width: Annotated[int, typer.Option("--wide")] = 2
    height: int = 3


def test_a_group_of_options_reaches_the_command_as_one_argument() -> None:
    seen = []

    @expand_options
    def command(size: Size, name: str = "") -> None:
        seen.append((size, name))

    app = typer.Typer(rich_markup_mode=None)
    app.command()(command)
    typer.main.get_command(app).main(["--wide", "5", "--name", "x"], standalone_mode=False)
    assert seen == [(Size(5, 3), "x")]


@pytest.mark.parametrize(
    ("limits", "value", "sentence"),
    [
        ((0, MAX_SEED), MAX_SEED + 1, "--n must be 0 to 4294967295, not 4294967296."),
        ((0.0, 10.0), float("nan"), "--n must be 0 to 10, not nan."),
        ((1, None), 0, "--n must be at least 1, not 0."),
        ((1, None), float("nan"), "--n must be at least 1, not nan."),
        ((0, MAX_SEED), MAX_SEED, ""),
        ((0, MAX_SEED), 0, ""),
        ((1, None), 10**9, ""),
        ((1, 2), None, ""),
    ],
)
def test_a_number_outside_its_range_is_one_sentence(
    limits: tuple[float, float | None], value: float | None, sentence: str
) -> None:
    option = SimpleNamespace(opts=["--n"])
    check = in_range(*limits)
    if sentence:
        with pytest.raises(ConfigError) as raised:
            check(option, value)
        assert str(raised.value) == sentence
    else:
        assert check(option, value) is value


def test_datasets_and_runs_are_listed(as_json: AsJson, root: Path) -> None:
    names = [row["name"] for row in as_json("datasets")["datasets"]]
    assert {"mnist-sample", "fashion-mnist-sample", "mnist", "fashion-mnist"} <= set(names)
    (run,) = as_json("runs", "--runs", root)["runs"]
    assert (run["run"], run["state"], run["step"], run["latent"]) == ("vae", "done", 3, 2)


def test_without_json_the_answers_are_tables(call: Call, root: Path) -> None:
    for arguments in (("datasets",), ("runs", "--runs", root), ("evaluate", "vae", "--runs", root)):
        status, out, err = call(*arguments)
        assert status == 0 and len(out.splitlines()) > 1
        assert err == "" or arguments[0] == "evaluate", "which notes that grey pixels have no likelihood"


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
