"""What counts as the same run, and is therefore computed once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vae_core.config import make_config
from vae_core.storage import paths
from vae_core.storage.runs import Run, create_run, open_run
from vae_core.training.equivalence import find_same, is_same

SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"device": "auto"}, {"device": "cpu"}),
    ({"sigma": 0.1}, {"sigma": 1.0}),
    ({"gamma": 1.0}, {}),
    ({"warmup_epochs": 2.0}, {}),
    ({"capacity": 5.0, "beta": 2.0}, {"capacity": 5.0}),
    ({"limit": 10_000}, {}),
    ({"hidden": "none", "activation": "tanh"}, {"hidden": "none"}),
    ({"corruption": "gaussian", "level": "0.3"}, {"corruption": "gaussian"}),
    ({"corruption": "greyscale"}, {"corruption": "greyscale"}),
    ({"model": "ae", "beta": 4.0, "encoder": "separate", "capacity": 3.0}, {"model": "ae"}),
]
OTHER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"seed": 1}, {}),
    ({"beta": 1.0001}, {}),
    ({"threads": 2}, {}),
    ({"device": "cuda"}, {"device": "cpu"}),
    ({"limit": 9_999}, {}),
    ({"activation": "tanh"}, {}),
    ({"binarize": "fixed"}, {"binarize": "dynamic"}),
    ({"dataset": "fashion-mnist-sample"}, {}),
    ({"likelihood": "gaussian", "sigma": 0.1}, {"likelihood": "gaussian"}),
    ({"beta_schedule": "linear", "warmup_epochs": 2.0}, {"beta_schedule": "linear"}),
    ({"capacity": 5.0, "gamma": 2.0}, {"capacity": 5.0}),
    ({"parent": "a@5"}, {}),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_settings_without_effect_do_not_count(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert is_same(make_config(**one), make_config(**other))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_settings_with_an_effect_do(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not is_same(make_config(**one), make_config(**other))


def stood(root: Path, run_id: str, state: str, **changes: Any) -> Run:
    run = create_run(root, make_config(beta=3, epochs=2), run_id=run_id)
    run.write_status(replace(run.status(), state=state, **changes))
    return run


def test_a_result_goes_before_one_on_its_way_and_half_a_run_is_none(runs_root: Path) -> None:
    asked = make_config(beta=3, epochs=2)
    assert find_same(runs_root, asked) is None
    for state in ("stopped", "failed", "running"):  # running with the lock free: its worker died
        stood(runs_root, state, state)
    assert find_same(runs_root, asked) is None
    waiting = stood(runs_root, "waiting", "queued")
    assert find_same(runs_root, asked) == waiting
    done = stood(runs_root, "a-done", "done", epoch=2.0)
    assert find_same(runs_root, asked) == done
    assert find_same(runs_root, make_config(beta=3, epochs=3)) is None


def test_shipped_runs_count_where_their_folder_is_named(runs_root: Path) -> None:
    shipped = open_run(paths.SHIPPED_RUNS, "example-vae-2d")
    asked = shipped.config.changed(device="auto")
    assert find_same([runs_root, paths.SHIPPED_RUNS], asked) == shipped and find_same(runs_root, asked) is None


def test_a_damaged_run_is_passed_over(runs_root: Path) -> None:
    done = stood(runs_root, "done", "done", epoch=2.0)
    (stood(runs_root, "x-damaged", "done", epoch=2.0).folder / "status.json").write_bytes(b"{")
    assert find_same(runs_root, make_config(beta=3, epochs=2)) == done
