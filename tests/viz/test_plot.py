"""Plots that follow the pointer: data that hold what they were given, axes that hold all of it, and a look for every name."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from vae_core.viz.plot import COLOURS, Axis, Frame, Handle, Panel, Series, bars, chart_data, finite_series, histograms

LINE = finite_series("a", "line", [(1.0, 2.0), (8.0, 4.0)])


def only(panel: Panel, handle: Handle | None = None) -> dict[str, object]:
    found: dict[str, object] = chart_data([panel], handle)["panels"][0]
    return found


def test_a_series_leaves_out_what_is_no_number() -> None:
    found = finite_series("a", "line", [(1.0, 2.0), (2.0, None), (3.0, math.inf), (4, 5)])
    assert found == Series("a", "line", [1.0, 4.0], [2.0, 5.0])


def test_bars_are_numbered_from_1() -> None:
    assert bars("a", [0.5, 0.25]) == Series("a", "bars", [1, 2], [0.5, 0.25])


def test_a_histograms_shares_add_up_to_1_for_each_group_in_bins_of_one_ratio() -> None:
    draw = np.random.default_rng(0)
    groups = {"a": draw.uniform(0.01, 0.1, 100), "b": draw.uniform(0.1, 10, 40)}
    first, second = histograms(groups)
    assert sum(first.y) == pytest.approx(1.0) and sum(second.y) == pytest.approx(1.0)
    assert first.x == second.x and len(first.x) == len(first.y) + 1
    ratios = np.divide(first.x[2:-1], first.x[1:-2])
    assert np.allclose(ratios, ratios[0])


def test_numbers_that_are_all_one_have_a_bin() -> None:
    (only_one,) = histograms({"a": np.full(5, 0.0007, dtype=np.float32)})
    assert sum(only_one.y) == pytest.approx(1.0)


def test_axes_hold_all_that_is_on_them() -> None:
    panel = Panel(Axis("x"), Axis("y"), (LINE,), "words", {"far": 20.0})
    found = only(panel, Handle("here", [0.0, 1.0], ["0", "1"]))
    (left, right), (low, high) = found["x"]["ends"], found["y"]["ends"]
    assert left <= 0.0 and right > 20.0 and 0.0 < low < 2.0 and high > 4.0


def test_axes_start_at_0_where_that_is_asked_for_and_below_bars() -> None:
    assert only(Panel(Axis("x"), Axis("y", from_zero=True), (LINE,), "words"))["y"]["ends"][0] == 0.0
    barred = only(Panel(Axis("x"), Axis("y"), (bars("a", [3.0, 2.0]),), "words"))
    assert barred["y"]["ends"][0] == 0.0 and barred["x"]["ends"][0] <= 0.5 and barred["x"]["ends"][1] >= 2.5


def test_a_logarithmic_axis_leaves_the_same_room_at_both_ends() -> None:
    left, right = only(Panel(Axis("x", log=2), Axis("y"), (LINE,), "words"))["x"]["ends"]
    assert 0.0 < left < 1.0 and right > 8.0 and 1.0 / left == pytest.approx(right / 8.0)


def test_one_name_has_one_look_whatever_it_is_drawn_as() -> None:
    here = Series("a", "dots", [1.0, 8.0], [2.0, 4.0])
    frame = Frame("x", (finite_series("b", "line", [(1.0, 1.0), (2.0, 9.0)]),))
    panel = Panel(Axis("x"), Axis("y"), (LINE, here), "words", follows=(here,), frames=(frame,), frame_of=[0, 0])
    found = only(panel)
    assert found["looks"] == {"a": [COLOURS[0], []], "b": [COLOURS[1], [6, 3]]}
    assert found["y"]["ends"][1] > 9.0  # what a frame shows is on the axis too


def test_ends_and_looks_that_are_given_are_kept() -> None:
    far = Axis("y", ends=(-5.0, 50.0))
    found = only(Panel(Axis("x"), far, (LINE,), "words", looks={"a": (None, (7, 4))}))
    assert found["y"]["ends"] == (-5.0, 50.0) and found["looks"] == {"a": [None, (7, 4)]}


def test_only_the_first_panel_makes_room_for_the_handle() -> None:
    panel = Panel(Axis("x"), Axis("y"), (LINE,), "words")
    first, second = chart_data([panel, panel], Handle("here", [100.0], ["100"]))["panels"]
    assert first["x"]["ends"][1] >= 100.0 > second["x"]["ends"][1]


def test_the_data_are_what_a_browser_can_read() -> None:
    panel = Panel(Axis("x", log=10), Axis("y", percent=True), (LINE, *histograms({"b": np.linspace(1, 2, 9)})), "words")
    handle = Handle("here", [1.0, 2.0], ["1", "2"], {"both": ["a", "b"]})
    found = chart_data([panel], handle)
    assert json.loads(json.dumps(found, allow_nan=False))["handle"]["readings"] == {"both": ["a", "b"]}
