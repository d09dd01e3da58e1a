"""The static charts of a comparison: rows hold what is known, specifications name what is on the axes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from vae_core.evaluation.comparison import Point
from vae_core.storage.frames import Frame
from vae_core.storage.records import Record
from vae_core.viz.active_units_chart import units_spec, units_table
from vae_core.viz.compared_values import colour_of, labels_of
from vae_core.viz.kl_heat_map import kl_spec, kl_steps_spec, kl_steps_table, kl_table
from vae_core.viz.sweep_curves_chart import CURVES, curves_spec, curves_table

LABELS = ("1", "4")
POINTS = [
    Point("a", 0, 1.0, 1.0, 3, True, 8, 80.0, 5.0, 85.0, active_units=2, kl_per_dimension=(0.5, 3.0, 0.0)),
    Point("b", 1, 1.0, 1.0, 3, True, 8, 82.0, 5.0, 87.0, active_units=1, kl_per_dimension=(2.0, 0.0, 0.1)),
    Point("c", 0, 4.0, 4.0, 3, False, 8, 90.0, 1.0, 91.0),
]


def test_a_value_has_one_colour_and_more_than_ten_start_again() -> None:
    assert labels_of(POINTS) == LABELS
    colours = list(colour_of([str(number) for number in range(12)]).values())
    assert len(set(colours)) == 10 and colours[10:] == colours[:2]


def test_active_units_are_those_of_runs_that_have_a_figure() -> None:
    table = units_table(POINTS)
    assert list(table.itertuples(index=False, name=None)) == [("1", "0", 2, 3), ("1", "1", 1, 3)]
    mean, each = units_spec(LABELS, "latent_size")["layer"]
    assert mean["encoding"]["y"]["aggregate"] == "mean" and "aggregate" not in each["encoding"]["y"]
    assert each["encoding"]["x"]["title"] == "latent size" and each["encoding"]["x"]["sort"] == list(LABELS)


def test_kl_of_two_seeds_is_averaged_by_rank() -> None:
    table = kl_table(POINTS)
    assert table.label.tolist() == ["1"] * 3 and table.dimension.tolist() == [1, 2, 3] and set(table.n) == {2}
    assert table.nats.tolist() == pytest.approx([2.5, 0.3, 0.0])
    longer = [*POINTS, replace(POINTS[0], kl_per_dimension=(1.0,) * 4)]
    assert kl_table(longer).nats.tolist()[-1] == pytest.approx(1 / 3)


def test_dimensions_of_a_film_stand_in_the_order_of_its_last_frame() -> None:
    frames = [
        Frame(step, 0.0, np.zeros((1, 2), np.float32), None, np.zeros((1, 1, 2, 2), np.uint8), np.array(kl), {})
        for step, kl in ((0, [0.0, 0.25]), (5, [4.0, 1.0]), (9, [1.0, 2.0]))
    ]
    table = kl_steps_table(frames)
    assert list(table.itertuples(index=False, name=None))[:4] == [(0, 1, 0.25), (0, 2, 0.0), (5, 1, 1.0), (5, 2, 4.0)]
    assert kl_steps_table([replace(frames[0], kl_per_dimension=None)]).empty


def test_maps_that_share_their_colours_have_one_end() -> None:
    assert kl_steps_spec(3.5)["encoding"]["color"]["scale"]["domainMax"] == 3.5
    spec = kl_spec(LABELS)
    assert spec["encoding"]["color"]["scale"] == {"scheme": "viridis", "domainMin": 0}
    assert [one["field"] for one in spec["encoding"]["tooltip"]] == ["label", "dimension", "nats", "n"]


@pytest.mark.parametrize(
    ("curve", "nats"), [("negative ELBO", [90.0]), ("KL", [5.0]), ("reconstruction", [85.0, 70.0])]
)
def test_curves_leave_out_what_is_not_there(curve: str, nats: list[float]) -> None:
    records: list[Record] = [
        {"step": 1, "epoch": 0.5, "reconstruction_nats": 85.0, "kl_nats": 5.0},
        {"step": 2, "epoch": 1.0, "reconstruction_nats": 70.0, "kl_nats": None},
        {"step": 3, "epoch": 1.5, "reconstruction_nats": math.inf, "kl_nats": math.nan},
    ]
    table = curves_table([(4.0, 1, records)], curve)
    assert table.nats.tolist() == nats and set(table.label) == {"4"} and set(table.seed) == {"1"}
    spec = curves_spec(LABELS, curve=curve)
    assert spec["encoding"]["y"]["title"] == f"held-out {curve}, nats per image" and curve in CURVES
    assert spec["encoding"]["color"]["scale"]["domain"] == list(LABELS)
