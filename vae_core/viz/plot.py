"""Interactive plots as plain data: panels of lines, steps, dots, bars and histograms, with a handle that the user drags
along the horizontal axis of the first panel while all panels follow. The browser draws them at frame rate.

Series differ in both colour and dashes, so that nothing depends on colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from vae_core.types import Array

COLOURS = ("#8363eb", "#d9822b", "#59a1fc", "#0c755b", "#c42914", "#d669b0", "#9b9a10")
DASHES: tuple[list[int], ...] = ([], [6, 3], [2, 2], [8, 3, 2, 3], [4, 2], [1, 3], [10, 4])
BINS = 60
ROUNDING = 1e-6
"""By what share the outer edges are moved outwards, so that the smallest and the largest number fall inside."""

ROOM = 0.04
"""The margin at each end of an axis, as a share of its length."""

Kind = Literal["line", "steps", "dots", "bars", "bins"]
Pairs = Iterable[tuple[float, float | None]]


@dataclass(frozen=True)
class Axis:
    """Attributes:
    title: the axis title, with the unit.
    log: the base of a logarithmic axis; None for a linear one.
    from_zero: whether the axis starts at 0.
    percent: whether the numbers are shares, written in percent.
    ends: the lower and the upper end; None fits them to the data.
    name: what a value is called in the text about a point under the pointer.
    """

    title: str
    log: int | None = None
    from_zero: bool = False
    percent: bool = False
    ends: tuple[float, float] | None = None
    name: str = ""


@dataclass(frozen=True)
class Series:
    """Marks of one kind. Series with the same name share a colour.

    Attributes:
        name: shown in the legend.
        kind: how they are drawn.
        x, y: equally long, except for "bins", whose `x` holds the edges and so has one number more. "bars" stand side by
            side over whole numbers.
        size: width of a line or radius of dots, in pixels; None for the default.
        texts: what each point is, shown instead of the name.
    """

    name: str
    kind: Kind
    x: Sequence[float]
    y: Sequence[float]
    size: float | None = None
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Frame:
    """What a panel shows in addition to its own series while the handle is at certain stops.

    Attributes:
        title: of the x axis at these stops.
        series: the additional series.
    """

    title: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Guides:
    """Reference lines and points of a rate-distortion plot; all values in nats per image.

    Attributes:
        sums: lines of equal rate + distortion: name and sum.
        floors: horizontal lines: name and distortion.
        corners: points: name, rate and distortion.
    """

    sums: Sequence[tuple[str, float]] = ()
    floors: Sequence[tuple[str, float]] = ()
    corners: Sequence[tuple[str, float, float]] = ()


@dataclass(frozen=True)
class Panel:
    """Attributes:
    x, y: the axes.
    series: in the order of their colours; together with `follows` and `frames` at most seven names.
    alt: alternative text.
    marks: vertical lines: name and position.
    follows: dots, each with one position per stop of the handle.
    frames, frame_of: what changes with the handle, and the index of the frame that is shown at each stop.
    height: in pixels.
    share: of the width, relative to the other panels.
    looks: colour (None for that of the text) and dashes by name, instead of the defaults.
    guides: reference lines of a rate-distortion plot.
    """

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    alt: str
    marks: Mapping[str, float] = field(default_factory=dict)
    follows: tuple[Series, ...] = ()
    frames: tuple[Frame, ...] = ()
    frame_of: Sequence[int] = ()
    height: int = 300
    share: int = 1
    looks: Mapping[str, tuple[str | None, Sequence[int]]] = field(default_factory=dict)
    guides: Guides = Guides()


@dataclass(frozen=True)
class Handle:
    """A vertical line that the user drags from stop to stop.

    Attributes:
        name: what it sets.
        stops: ascending positions on the first panel's x axis.
        texts: one text per stop.
        readings: figures below the panels, by name, each with one text per stop.
    """

    name: str
    stops: Sequence[float]
    texts: Sequence[str]
    readings: Mapping[str, Sequence[str]] = field(default_factory=dict)


def finite_series(name: str, kind: Kind, pairs: Pairs) -> Series:
    """A series from pairs (x, y), without those whose y is None or not finite."""
    kept = [(float(x), float(y)) for x, y in pairs if y is not None and math.isfinite(y)]
    return Series(name, kind, [x for x, _ in kept], [y for _, y in kept])


def bars(name: str, values: Sequence[float]) -> Series:
    """One bar per value, at 1, 2, 3, ..."""
    return Series(name, "bars", list(range(1, len(values) + 1)), list(values))


def histograms(groups: Mapping[str, Array], bins: int = BINS) -> tuple[Series, ...]:
    """A histogram per group of positive numbers, (n,) each, as shares of the group.

    The bins are common to all groups and equally wide on a logarithmic axis.
    """
    logarithms = np.log(np.concatenate(list(groups.values())).astype(np.float64))
    edges = np.exp(np.histogram_bin_edges(logarithms, bins))
    edges[0], edges[-1] = edges[0] * (1 - ROUNDING), edges[-1] * (1 + ROUNDING)
    return tuple(
        Series(name, "bins", edges.tolist(), (np.histogram(values, edges)[0] / len(values)).tolist())
        for name, values in groups.items()
    )


def chart_data(panels: Sequence[Panel], handle: Handle | None = None) -> dict[str, Any]:
    """The whole plot as plain lists and dictionaries, with the ends of the axes and the colour and dashes of each name."""
    return {
        "panels": [_panel(panel, handle if index == 0 else None) for index, panel in enumerate(panels)],
        "handle": None if handle is None else asdict(handle),
    }


def _panel(panel: Panel, handle: Handle | None) -> dict[str, Any]:
    all_series = (*panel.series, *panel.follows, *(series for frame in panel.frames for series in frame.series))
    names = list(dict.fromkeys(series.name for series in all_series))
    xs = [x for series in all_series for x in _extent(series)] + list(panel.marks.values())
    ys = [y for series in all_series for y in series.y]
    ys += [0.0] * any(series.kind in ("bars", "bins") for series in all_series)
    data = asdict(panel)
    data["x"]["ends"] = panel.x.ends or _ends(panel.x, xs + list(handle.stops if handle else ()))
    data["y"]["ends"] = panel.y.ends or _ends(panel.y, ys)
    defaults = zip(COLOURS, DASHES, strict=True)
    data["looks"] = {name: list(panel.looks[name] if panel.looks else next(defaults)) for name in names}
    return data


def _extent(series: Series) -> list[float]:
    """The x values that a series needs room for; bars are one unit wide."""
    if series.kind == "bars":
        return [min(series.x) - 0.5, max(series.x) + 0.5]
    return list(series.x)


def _ends(axis: Axis, values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if axis.log is not None:
        margin = (high / low) ** ROOM
        return low / margin, high * margin
    margin = ROOM * (high - low)
    starts_at_zero = axis.from_zero or low == 0
    return (0.0 if starts_at_zero else low - margin), high + margin
