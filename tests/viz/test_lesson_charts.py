"""The lessons' charts: valid specifications, and tables that hold what they were given."""

from __future__ import annotations

import math

import altair
import numpy as np
import pytest

from vae_core.viz.lesson_charts import (
    bar_spec,
    bar_table,
    curve_spec,
    curve_table,
    histogram_spec,
    histogram_table,
)


@pytest.mark.parametrize(
    "spec",
    [
        curve_spec("x", "y", ("a", "b")),
        curve_spec("x", "y", ("a",), log_x=True, log_base=2, stepped=True, from_zero=True, height=100),
        curve_spec("x", "y", ("a", "b", "c", "a name that is longer than most"), log_y=True),
        bar_spec("x", "y", ("a", "b")),
        histogram_spec("x", ("a", "b")),
    ],
)
def test_a_specification_is_one_that_vega_lite_knows(spec: dict[str, object]) -> None:
    altair.Chart.from_dict(spec | {"data": {"values": []}}).to_dict()


def test_specifications_are_built_once() -> None:
    assert curve_spec("x", "y", ("a",)) is curve_spec("x", "y", ("a",))


def test_curves_leave_out_what_is_no_number() -> None:
    table = curve_table(
        {"a": [(1.0, 2.0), (2.0, None), (3.0, math.inf)]}, {"a": [(1.0, 2.0)]}, {"here": 1.5, "there": 4}
    )
    assert table["kind"].tolist() == ["curve", "point", "mark", "mark"]
    assert table["x"].tolist() == [1.0, 1.0, 1.5, 4.0]
    assert table["y"].tolist() == [2.0, 2.0, -8.0, -22.0]  # marks: how far above the plot their name stands


def test_an_empty_table_has_its_columns() -> None:
    assert list(curve_table({}).columns) == ["kind", "series", "x", "y"]


def test_bars_are_numbered_from_1() -> None:
    table = bar_table({"a": [0.5, 0.25], "b": [0.1]})
    assert list(zip(table["series"], table["at"], table["value"], strict=True)) == [
        ("a", 1, 0.5),
        ("a", 2, 0.25),
        ("b", 1, 0.1),
    ]


def test_a_histograms_shares_add_up_to_1_for_each_group() -> None:
    draw = np.random.default_rng(0)
    table = histogram_table({"a": draw.normal(size=100), "b": draw.normal(3, size=40)}, 1.5)
    bars = table[table["kind"] == "bar"]
    assert bars.groupby("series")["y"].sum().tolist() == pytest.approx([1.0, 1.0])
    assert (bars["end"] > bars["x"]).all()
    assert table[table["kind"] == "mark"]["x"].tolist() == [1.5]
