"""The plot of rate against distortion, on Compare and, with a point to drag, in the lesson on beta.

Every run is a dot in the colour of its value. Means over the seeds stand on a line, with one standard deviation both ways.
Behind them are lines of equal ELBO, the floor of a perfect reconstruction, and the corner of a collapsed code.
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
"""About how many lines of equal rate + distortion there are."""
NEAR_NATS = 10.0
"""A floor this near to the points is drawn, however narrow their range."""
BAR, DOT = 1.5, 4.0
"""Width of the lines and radius of the dots, pixels."""


def rate_distortion(
    points: Sequence[Point], field: str = "beta", *, alt: str, is_elbo: bool = True, height: int = 300
) -> Panel:
    """The plot of some runs.

    Args:
        points: at least one with a rate; autoencoders, which have none, are left out.
        field: the setting that differs.
        alt: what this is a picture of.
        is_elbo: whether the lines are named ELBO. If encoders see damaged images the sum is another, looser bound on the
            clean images' likelihood, and the lines are named sum.
        height: in pixels.
    """
    known = [point for point in points if point.kl_nats is not None]
    names = {label: f"{title_of(field)} {label}" for label in labels_of(known)}
    colours = colour_of(labels_of(points))
    means = [summary for summary in summarise(known) if summary.deviations]
    bars = [bar for summary in means for bar in _deviations(summary, names[shown_value(summary.value)])]
    dots = [
        _dots(name, [point for point in known if shown_value(point.value) == label]) for label, name in names.items()
    ]
    series = (*_path(means), *dots, *bars)
    guides = Guides(_sums(known, "ELBO −" if is_elbo else "sum "), _floors(known), _corners(known))
    rates = [rate for one in series for rate in one.x] + [rate for _, rate, _ in guides.corners]
    distortions = [nats for one in series for nats in one.y]
    distortions += [nats for _, nats in guides.floors] + [nats for *_, nats in guides.corners]
    right = max(*rates, 0.1) * (1 + ROOM)
    room = ROOM * max(max(distortions) - min(distortions), 1.0)
    up = min(distortions) - room, max(distortions) + room
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
    """The floor, nats per image, where it is so far below all points that it would squeeze them; else None."""
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
    """One standard deviation to both sides of a mean, across and along."""
    rate, distortion = summary.means["kl_nats"], summary.means["reconstruction_nats"]
    across, along = summary.deviations["kl_nats"], summary.deviations["reconstruction_nats"]
    texts = [f"{name}, mean {sign} one standard deviation, n = {summary.n}" for sign in "−+"]
    return [
        Series(name, "line", [rate - across, rate + across], [distortion] * 2, BAR, texts),
        Series(name, "line", [rate] * 2, [distortion - along, distortion + along], BAR, texts),
    ]


def _sums(points: Sequence[Point], before: str) -> list[tuple[str, float]]:
    """Round sums of rate and distortion across the picture."""
    sums = [point.negative_elbo_nats for point in points]
    step = _round_step(max(max(sums) - min(sums), 2.0) / (SUMS - 1))
    first, last = math.floor(min(sums) / step), math.ceil(max(sums) / step)
    return [(f"{before}{step * index:.10g}", step * index) for index in range(first, last + 1)]


def _round_step(wanted: float) -> float:
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= wanted * 0.999)


def _floors(points: Sequence[Point]) -> list[tuple[str, float]]:
    """What lies under every distortion, if it is near."""
    floor = _same([point.floor_nats for point in points])
    return [] if floor is None or far_floor(points) is not None else [("floor: perfect reconstruction", floor)]


def _corners(points: Sequence[Point]) -> list[tuple[str, float, float]]:
    """A collapsed code: no rate, the mean image."""
    corner = _same([point.collapse_nats for point in points])
    return [] if corner is None else [("collapsed: the mean image", 0.0, corner)]


def _same(values: Sequence[float | None]) -> float | None:
    """The one value, to a tenth, that all have which have any."""
    found = {round(value, 1) for value in values if value is not None}
    return found.pop() if len(found) == 1 else None
