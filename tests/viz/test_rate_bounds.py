"""The floor is drawn where it is near to the points, and else told in words."""

from __future__ import annotations

from vae_core.evaluation.comparison import Point
from vae_core.viz.rate_bounds import far_floor, limits


def point(distortion: float, floor: float) -> Point:
    return Point("run", 0, 1.0, 1.0, 4, True, 8, distortion, 5.0, distortion + 5, floor_nats=floor)


def test_a_floor_far_below_all_points_is_not_drawn() -> None:
    points = [point(100.0, 45.5), point(120.0, 45.5)]
    assert far_floor(points) == 45.5 and limits(points) == []
    binary = [point(328.0, 0.0), point(376.0, 0.0)]
    assert far_floor(binary) == 0.0 and limits(binary) == [], "0, the floor of black-and-white pixels, is a floor too"


def test_a_floor_near_the_points_is_drawn_and_two_floors_are_none() -> None:
    near = [point(60.0, 45.5), point(120.0, 45.5)]
    assert far_floor(near) is None and [row["distortion"] for row in limits(near)] == [45.5]
    assert far_floor([point(100.0, 45.5), point(120.0, 40.0)]) is None
