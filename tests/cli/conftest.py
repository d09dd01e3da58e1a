"""The command line in this process, and one finished run."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.cli.answers import SMALL, AsJson, Call
from vae_core.cli import main
from vae_core.storage.paths import PROJECT_ROOT


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


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """`call("train", ...)`: exit status, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def as_json(call: Call) -> AsJson:
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
