"""The loss chart: its rows and its specification."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from vae_core.storage.records import Record
from vae_core.viz.loss_chart import KINDS, LINE_NAMES, kinds_of, loss_spec, loss_table

LINES = {"floor": 45.5, "collapse": 205.8}


def record(step: int, loss: float, kl: float | None = 5.0) -> Record:
    reconstruction = loss - (kl or 0.0)
    return {"step": step, "epoch": step / 79, "loss": loss, "reconstruction_nats": reconstruction, "kl_nats": kl}


def curve(table: pd.DataFrame, kind: str, name: str) -> list[tuple[int, float]]:
    rows = table[(table.kind == kind) & (table.curve == name)]
    return list(zip(rows.step, rows.nats, strict=True))


def test_each_figure_is_a_row() -> None:
    table = loss_table([record(1, 200.0), record(2, 150.0)], [record(2, 151.0)], LINES)
    assert curve(table, "training", "total") == [(1, 200.0), (2, 150.0)]
    assert curve(table, "training", "reconstruction") == [(1, 195.0), (2, 145.0)]
    assert curve(table, "held-out", "KL") == [(2, 5.0)]
    assert [nats for _, nats in curve(table, "line", LINE_NAMES["floor"])] == [45.5]


def test_nats_per_pixel_divides_every_figure() -> None:
    table = loss_table([record(1, 784.0)], [record(1, 392.0)], {"floor": 78.4}, per_pixel=784)
    assert curve(table, "training", "total") == [(1, 1.0)]
    assert curve(table, "held-out", "total") == [(1, 0.5)]
    assert table[table.kind == "line"].nats.tolist() == pytest.approx([0.1])


def test_smoothing_keeps_a_constant_and_leaves_held_out_alone() -> None:
    constant = loss_table([record(step, 100.0) for step in range(9)], [], {}, smoothing=0.9)
    assert [nats for _, nats in curve(constant, "training", "total")] == pytest.approx([100.0] * 9)
    jump = [record(1, 100.0), record(2, 200.0)]
    table = loss_table(jump, jump, {}, smoothing=0.5)
    assert [nats for _, nats in curve(table, "training", "total")] == pytest.approx(
        [100.0, (0.25 * 100 + 0.5 * 200) / 0.75]
    )
    assert [nats for _, nats in curve(table, "held-out", "total")] == [100.0, 200.0]


def test_an_autoencoder_and_a_diverged_step_leave_out_what_is_not_there() -> None:
    table = loss_table([record(1, 100.0, None), record(2, math.nan, None), {**record(3, 90.0), "loss": None}], [], {})
    assert curve(table, "training", "total") == [(1, 100.0)]
    assert curve(table, "training", "KL") == [(3, 5.0)]


def test_nothing_yet_is_an_empty_table_with_the_same_columns() -> None:
    table = loss_table([], [], {})
    assert table.empty and list(table.columns) == ["kind", "curve", "step", "epoch", "nats"]
    assert str(table.nats.dtype) == "float64"


def test_a_logarithmic_axis_gets_no_figure_at_or_below_0() -> None:
    table = loss_table([record(1, -3.0, 0.0), record(2, 4.0, 0.0)], [record(2, -1.0, 0.0)], {"floor": 0.0}, log=True)
    assert kinds_of(table) == ("training",) and table.nats.tolist() == [4.0, 4.0]


@pytest.mark.parametrize("per_pixel", [False, True])
@pytest.mark.parametrize("log", [False, True])
def test_the_specification_is_built_once_for_each_unit_and_axis(per_pixel: bool, log: bool) -> None:
    spec = loss_spec(per_pixel=per_pixel, log=log)
    assert loss_spec(per_pixel=per_pixel, log=log) is spec
    assert ("nats per pixel" if per_pixel else "nats per image") in json.dumps(spec)
    assert ('"type": "log"' in json.dumps(spec)) is log


@pytest.mark.parametrize(("variational", "curves"), [(True, ["total", "reconstruction", "KL"]), (False, ["total"])])
def test_an_autoencoder_has_one_curve(variational: bool, curves: list[str]) -> None:
    layers = loss_spec(variational=variational)["layer"]
    domains = [layer["encoding"]["color"]["scale"]["domain"] for layer in layers if "color" in layer["encoding"]]
    assert domains == [curves, curves]


@pytest.mark.parametrize(
    ("train", "held_out", "lines", "kinds"),
    [
        ([], [1], LINES, ("held-out", "line")),
        ([1], [], {}, ("training",)),
        ([1], [1], LINES, KINDS),
        ([], [], LINES, ()),
    ],
    ids=["step 0", "no line known", "all", "no record yet"],
)
def test_no_layer_is_without_rows_whose_extent_vega_would_call_infinite(
    train: list[int], held_out: list[int], lines: dict[str, float], kinds: tuple[str, ...]
) -> None:
    records = [record(step, 100.0) for step in (*train, *held_out)]
    table = loss_table(records[: len(train)], records[len(train) :], lines)
    assert kinds_of(table) == kinds
    drawn = {kind for kind in KINDS if f"datum.kind === '{kind}'" in json.dumps(loss_spec(kinds or KINDS))}
    assert drawn == set(kinds or KINDS)
