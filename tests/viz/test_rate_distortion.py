"""Rate against distortion: every run a dot, means with their spread, lines of equal ELBO, floor and collapse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vae_core.evaluation.comparison import Point
from vae_core.viz.plot import Panel, Series, chart_data
from vae_core.viz.rate_distortion import MEANS, far_floor, rate_distortion


def point(
    distortion: float, floor: float | None = None, *, beta: float = 1.0, rate: float = 5.0, seed: int = 0
) -> Point:
    return Point("run", seed, beta, beta, 4, True, 8, distortion, rate, distortion + rate, floor_nats=floor)


def dots(panel: Panel) -> list[Series]:
    return [series for series in panel.series if series.kind == "dots"]


SWEEP = [point(80.0 + seed, beta=1.0, rate=20.0 - seed, seed=seed) for seed in range(3)] + [
    point(120.0, beta=4.0, rate=8.0)
]


def test_a_floor_far_below_all_points_is_not_drawn() -> None:
    points = [point(100.0, 45.5), point(120.0, 45.5)]
    assert far_floor(points) == 45.5 and rate_distortion(points, alt="").guides.floors == []
    binary = [point(328.0, 0.0), point(376.0, 0.0)]
    assert far_floor(binary) == 0.0, "0, the floor of black-and-white pixels, is a floor too"
    assert rate_distortion(binary, alt="").guides.floors == []


def test_a_floor_near_the_points_is_drawn_and_two_floors_are_none() -> None:
    near = [point(60.0, 45.5), point(120.0, 45.5)]
    plot = rate_distortion(near, alt="")
    assert far_floor(near) is None and plot.guides.floors == [("floor: perfect reconstruction", 45.5)]
    assert plot.y.ends is not None and plot.y.ends[0] < 45.5
    assert far_floor([point(100.0, 45.5), point(120.0, 40.0)]) is None


def test_the_corner_of_a_collapsed_code_is_on_the_plot() -> None:
    plot = rate_distortion([replace(point(100.0), collapse_nats=205.84)], alt="")
    assert plot.guides.corners == [("collapsed: the mean image", 0.0, 205.8)]
    assert plot.x.ends is not None and plot.x.ends[0] < 0 and plot.y.ends is not None and plot.y.ends[1] > 205.8


def test_every_run_is_a_dot_that_says_which_it_is() -> None:
    plot = rate_distortion([*SWEEP[:3], replace(SWEEP[3], final=False, step=1500)], alt="")
    first, last = dots(plot)
    assert (first.name, first.x, first.y) == ("beta 1", [20.0, 19.0, 18.0], [80.0, 81.0, 82.0])
    assert last.texts == ["beta 4, seed 0, step 1,500"] and first.texts[2] == "beta 1, seed 2, final"
    assert plot.looks["beta 1"][0] != plot.looks["beta 4"][0]


def test_a_mean_has_one_standard_deviation_both_ways_from_three_seeds_on() -> None:
    (path, *_, across, along) = rate_distortion(SWEEP, alt="").series
    assert (path.name, path.x, path.y) == (MEANS, [19.0], [81.0]), "one seed of beta 4 has no spread"
    assert (across.x, across.y) == ([18.0, 20.0], [81.0, 81.0]) and (along.x, along.y) == ([19.0, 19.0], [80.0, 82.0])
    assert across.texts[0] == "beta 1, mean − one standard deviation, n = 3"


@pytest.mark.parametrize(("is_elbo", "first"), [(True, "ELBO −100"), (False, "sum 100")])
def test_lines_of_equal_sum_are_round_and_called_an_elbo_only_where_they_are_one(is_elbo: bool, first: str) -> None:
    sums = rate_distortion(SWEEP, alt="", is_elbo=is_elbo).guides.sums
    assert [nats for _, nats in sums] == [100.0, 110.0, 120.0, 130.0] and sums[0][0] == first


def test_an_autoencoder_has_no_rate_and_is_left_out_but_the_others_keep_their_colours() -> None:
    plain = replace(point(90.0, beta=0.5), kl_nats=None)
    plot, without = rate_distortion([plain, *SWEEP], alt=""), rate_distortion([point(90.0, beta=0.5), *SWEEP], alt="")
    assert [series.name for series in dots(plot)] == ["beta 1", "beta 4"]
    assert plot.looks["beta 4"] == without.looks["beta 4"]


def test_one_run_alone_has_axes_of_some_length() -> None:
    (panel,) = chart_data([rate_distortion([point(0.0, rate=0.0)], alt="")])["panels"]
    for axis in ("x", "y"):
        low, high = panel[axis]["ends"]
        assert high - low > 0.05
