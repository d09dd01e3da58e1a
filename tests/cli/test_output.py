"""Fault 9: lists that programs can read, and runs that are called by name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.cli.answers import SMALL, AsJson, Call
from vae_core.cli import output
from vae_core.cli.output import print_result, table_of
from vae_core.storage import paths
from vae_core.storage.runs import open_run

LONG = "261124-101502-vae-mnist-sample-3f9c"
SHIPPED = "example-vae-2d"


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_every_command_takes_a_name(as_json: AsJson, call: Call, root: Path, tmp_path: Path) -> None:
    as_json("runs", "rename", "vae", "half done", "--runs", root)
    figures = as_json("evaluate", "half done", "--runs", root)
    assert figures["run"] == str(root / "vae")
    assert as_json("sample", "half done", "--out", tmp_path / "a.png", "--runs", root)["run"] == str(root / "vae")
    assert as_json("train", "--runs", root, *SMALL, "--from", "half done@3", "--name", "next")["state"] == "done"
    assert as_json("runs", "delete", "half done", "--runs", root)["deleted"][0]["run"] == "vae"
    assert as_json("runs", "restore", "half done", "--runs", root)["run"] == "vae"
    as_json("runs", "rename", "next", "half done", "--runs", root)
    status, out, err = call("runs", "delete", "half done", "--runs", root)
    assert (status, out) == (2, "") and "2 runs are called 'half done': " in err and "vae" in err
    assert (root / "vae").is_dir()


def test_shipped_runs_are_found_whatever_the_runs_folder(as_json: AsJson, tmp_path: Path) -> None:
    found = as_json("sample", SHIPPED, "--out", tmp_path / "a.png", "--runs", tmp_path / "runs")
    assert found["run"] == str(paths.SHIPPED_RUNS / SHIPPED)
    step = open_run(paths.SHIPPED_RUNS, SHIPPED).status().step
    like = ("--limit", 96, "--epochs", 1, "--hidden", "256,64", "--from", f"{SHIPPED}@{step}")
    assert as_json("train", "--runs", tmp_path / "runs", *like)["state"] == "done"


def test_a_table_in_a_pipe_is_neither_wrapped_nor_cut(call: Call, root: Path, narrow: None) -> None:
    (root / "vae").rename(root / LONG)
    call("runs", "rename", LONG, "a name of " + 7 * "many words", "--runs", root)
    _, out, _ = call("runs", "--runs", root)
    head, line = out.splitlines()
    assert line.startswith(f" {LONG} ") or line.startswith(LONG)
    assert "a name of " + 7 * "many words" in line and "mnist-sample" in line and "nats" in head
    _, out, _ = call("evaluate", LONG, "--runs", root)
    assert sum("kl_per_dimension" in line and ", " in line for line in out.splitlines()) == 1
    _, out, _ = call("runs", "delete", LONG, "--runs", root)
    assert out.count("\n") == 1, "nor is a sentence"


def on_terminal(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], width: int) -> str:
    stream = io.StringIO()
    monkeypatch.setattr(
        output, "Console", lambda **given: Console(file=stream, force_terminal=True, color_system=None, width=width)
    )
    print_result({}, False, lambda: table_of(rows))
    return stream.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_ids_are_whole_in_any_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"run": LONG, "state": "done", "name": "a name of several words " * 3, "folder": f"/runs/{LONG}"}] * 2
    out = on_terminal(monkeypatch, rows, width)
    assert out.count(f"/runs/{LONG}") == 2 and out.count(LONG) == 4 and "…" not in out
    assert "several words" in " ".join(out.split()) or "words" in out


def test_control_characters_of_a_name_do_not_reach_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out = on_terminal(monkeypatch, [{"file": "a\x1b[2J\nb\udce9.png"}], 80)
    assert "\x1b" not in out and "a\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}b" in out
