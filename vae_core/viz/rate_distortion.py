"""The rate-distortion plot of the Compare page and, with a point to drag, of the lesson on beta.

Each run is a dot in the colour of its value. A line joins the means over the seeds, which have bars of one standard
deviation in both directions. Behind them are lines of equal ELBO, the floor of a perfect reconstruction, and the point of
a collapsed code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from vae_core.evaluation.comparison import Point, Summary, summarise
from vae_core.evaluation.findings import shown_value
from vae_core.figures import FIGURES
from vae_core.viz.compared_values import colour_of, labels_of, title_of
from vae_core.viz.palette import LINE_COLOUR
from vae_core.viz.plot import ROOM, Axis, Guides, Panel, Series

RATE, DISTORTION = FIGURES["kl_nats"], FIGURES["reconstruction_nats"]
MEANS = "mean over the seeds"
SUMS = 5
"""Approximate number of lines of equal rate + distortion."""
NEAR_NATS = 10.0
"""A floor this close to the points is always drawn, however narrow their range."""
BAR, DOT = 1.5, 4.0
"""Width of the lines and radius of the dots, in pixels."""


def rate_distortion(
    points: Sequence[Point], field: str = "beta", *, alt: str, is_elbo: bool = True, height: int = 300
) -> Panel:
    """The plot of some runs.

    Args:
        points: at least one with a rate; autoencoders have none and are left out.
        field: the setting that differs.
        alt: alternative text.
        is_elbo: whether the lines are labelled ELBO. If the encoders see damaged images, the sum is another, looser bound
            on the clean images' likelihood, and the lines are labelled sum.
        height: in pixels.
    """
    with_rate = [point for point in points if point.kl_nats is not None]
    names = {label: f"{title_of(field)} {label}" for label in labels_of(with_rate)}
    colours = colour_of(labels_of(points))
    means = [summary for summary in summarise(with_rate) if summary.deviations]
    bars = [bar for summary in means for bar in _deviations(summary, names[shown_value(summary.value)])]
    dots = [
        _dots(name, [point for point in with_rate if shown_value(point.value) == label])
        for label, name in names.items()
    ]
    series = (*_path(means), *dots, *bars)
    guides = Guides(_sums(with_rate, "ELBO −" if is_elbo else "sum "), _floors(with_rate), _corners(with_rate))
    rates = [rate for marks in series for rate in marks.x] + [rate for _, rate, _ in guides.corners]
    distortions = [nats for marks in series for nats in marks.y]
    distortions += [nats for _, nats in guides.floors] + [nats for *_, nats in guides.corners]
    right = max(*rates, 0.1) * (1 + ROOM)
    margin = ROOM * max(max(distortions) - min(distortions), 1.0)
    up = min(distortions) - margin, max(distortions) + margin
    return Panel(
        Axis(RATE.axis, ends=(-ROOM * right, right), name=RATE.compared),
        Axis(DISTORTION.axis, ends=up, name=DISTORTION.compared),
        series,
        alt,
        height=height,
        looks={MEANS: (LINE_COLOUR, ())} | {name: (colours[label], ()) for label, name in names.items()},
        guides=guides,
    )


def far_floor(points: Sequence[Point]) -> float | None:
    """The floor in nats per image if it is so far below all points that it would squeeze them together; else None."""
    floor = _same([point.floor_nats for point in points])
    if floor is None:
        return None
    distortions = [point.reconstruction_nats for point in points]
    lowest, highest = min(distortions), max(distortions)
    return floor if lowest - floor > max(highest - lowest, NEAR_NATS) else None


def _dots(name: str, points: Sequence[Point]) -> Series:
    texts = [f"{name}, seed {p.seed}, {'final' if p.final else f'step {p.step:,}'}" for p in points]
    rates = [float(point.kl_nats or 0.0) for point in points]
    return Series(name, "dots", rates, [point.reconstruction_nats for point in points], DOT, texts)


def _path(means: Sequence[Summary]) -> list[Series]:
    places = sorted((summary.means["kl_nats"], summary.means["reconstruction_nats"]) for summary in means)
    return [Series(MEANS, "line", [rate for rate, _ in places], [nats for _, nats in places], BAR)] if places else []


def _deviations(summary: Summary, name: str) -> list[Series]:
    """Bars of one standard deviation on both sides of a mean, horizontal and vertical."""
    rate, distortion = summary.means["kl_nats"], summary.means["reconstruction_nats"]
    across, along = summary.deviations["kl_nats"], summary.deviations["reconstruction_nats"]
    texts = [f"{name}, mean {sign} one standard deviation, n = {summary.n}" for sign in "−+"]
    return [
        Series(name, "line", [rate - across, rate + across], [distortion] * 2, BAR, texts),
        Series(name, "line", [rate] * 2, [distortion - along, distortion + along], BAR, texts),
    ]


def _sums(points: Sequence[Point], before: str) -> list[tuple[str, float]]:
    """Round sums of rate and distortion that span the points."""
    sums = [point.negative_elbo_nats for point in points]
    step = _round_step(max(max(sums) - min(sums), 2.0) / (SUMS - 1))
    first, last = math.floor(min(sums) / step), math.ceil(max(sums) / step)
    return [(f"{before}{step * index:.10g}", step * index) for index in range(first, last + 1)]


def _round_step(wanted: float) -> float:
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= wanted * 0.999)


def _floors(points: Sequence[Point]) -> list[tuple[str, float]]:
    """The floor of the distortion, if it is close to the points."""
    floor = _same([point.floor_nats for point in points])
    return [] if floor is None or far_floor(points) is not None else [("floor: perfect reconstruction", floor)]


def _corners(points: Sequence[Point]) -> list[tuple[str, float, float]]:
    """The point of a collapsed code: rate 0, and the distortion of the mean image."""
    corner = _same([point.collapse_nats for point in points])
    return [] if corner is None else [("collapsed: the mean image", 0.0, corner)]


def _same(values: Sequence[float | None]) -> float | None:
    """The value, to a tenth, that all share which have one; None if they differ or none has one."""
    distinct = {round(value, 1) for value in values if value is not None}
    return distinct.pop() if len(distinct) == 1 else None
