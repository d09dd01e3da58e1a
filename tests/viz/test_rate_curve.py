"""The curve over beta: its numbers are the points', its pictures one a beta."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from vae_core.errors import DataError
from vae_core.evaluation.comparison import Point
from vae_core.viz.rate_curve import BetaPictures, rate_curve_bytes, stop_figures


def point(beta: float, seed: int, rate: float | None, distortion: float, active: int = 2) -> Point:
    return Point(
        run_id=f"b{beta:g}-{seed}", seed=seed, value=beta, beta=beta, latent=4, final=True, step=10,
        reconstruction_nats=distortion, kl_nats=rate, negative_elbo_nats=distortion + (rate or 0.0),
        active_units=active, floor_nats=40.0, collapse_nats=200.0,
    )  # fmt: skip


POINTS = [point(1.0, seed, 20.0 + seed, 80.0, 4) for seed in range(3)] + [
    point(4.0, seed, 8.0, 120.0, 1 + seed) for seed in range(3)
]


def shown(dimension: int) -> BetaPictures:
    pictures = np.full((3, 1, 5, 7), dimension, np.uint8)
    return BetaPictures(
        pictures, pictures, dimension, pictures, np.array([0.0, 1.5, 0.2, 0.0]), np.array([0, 1, 1, 0], bool)
    )


def header_of(packed: bytes) -> dict[str, Any]:
    length = int.from_bytes(packed[:4], "little")
    return json.loads(packed[4 : 4 + length])


def test_each_stop_has_the_means_of_its_seeds_and_every_line_is_there() -> None:
    inputs = np.zeros((3, 1, 5, 7), np.uint8)
    header = header_of(rate_curve_bytes(POINTS, inputs, [shown(1), shown(2)], start=7, alt="a curve"))
    first, last = header["stops"]
    assert (first["beta"], first["rate"], first["distortion"], first["dimension"]) == ("1", 21.0, 80.0, 2)
    assert (last["beta"], last["rate"], last["distortion"]) == ("4", 8.0, 120.0)
    assert header["start"] == 1 and header["most"] == 1.5
    panel = header["panel"]
    assert sum(len(series["x"]) for series in panel["series"] if series["kind"] == "dots") == 6
    assert panel["guides"]["sums"] and panel["guides"]["floors"] == [["floor: perfect reconstruction", 40.0]]
    assert header["arrays"]["draws1"][1] == [3, 1, 5, 7] and header["arrays"]["kl0"][:2] == ["float32", [4]]


def test_each_stop_has_its_tangent_through_its_mean_with_slope_minus_beta() -> None:
    inputs = np.zeros((3, 1, 5, 7), np.uint8)
    panel = header_of(rate_curve_bytes(POINTS, inputs, [shown(1), shown(2)], start=0, alt=""))["panel"]
    assert panel["frame_of"] == [0, 1]
    for frame, beta, rate, distortion in zip(panel["frames"], (1.0, 4.0), (21.0, 8.0), (80.0, 120.0), strict=True):
        (tangent,) = frame["series"]
        (left, right), (low, high) = tangent["x"], tangent["y"]
        assert (high - low) / (right - left) == pytest.approx(-beta)
        assert low + beta * left == pytest.approx(distortion + beta * rate)
        assert panel["looks"][tangent["name"]][1], "dashed, as the caption says"


def test_the_figures_of_a_beta_are_told_with_their_spread() -> None:
    told = dict(stop_figures(POINTS[:3]))
    assert told["rate"] == "21.0 ± 1.0 nats" and told["active units"] == "4 of 4"
    assert told["distortion + β × rate"] == told["negative ELBO"].split(" ±")[0] + " nats" == "101.0 nats"
    told = dict(stop_figures(POINTS[3:]))
    assert told["distortion + β × rate"] == "152.0 nats" and told["active units"] == "1 to 3 of 4"
    assert dict(stop_figures(POINTS[:1]))["rate"] == "20.0 nats"


@pytest.mark.parametrize(
    ("points", "pictures"),
    [(POINTS[:3], 1), (POINTS, 1), ([*POINTS, point(8.0, 0, None, 90.0)], 3)],
    ids=["one beta", "pictures are missing", "no rate"],
)
def test_what_is_no_curve_is_refused(points: list[Point], pictures: int) -> None:
    with pytest.raises(DataError, match="at least two betas"):
        rate_curve_bytes(points, np.zeros((1, 1, 5, 7), np.uint8), [shown(0)] * pictures, start=0, alt="")
