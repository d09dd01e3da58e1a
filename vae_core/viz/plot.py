"""Plots that follow the pointer, as plain data: panels of lines, steps, dots, bars and histograms, and a handle that is
dragged along the first panel's horizontal axis while all panels follow. The browser draws them at frame rate.

Series are told apart by colour and by dashes, so that colour is never all there is.
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
"""The outer edges are moved by this share, so that the smallest and the largest number are within."""

ROOM = 0.04
"""What is left free at the ends of an axis, as a share of its length."""

Kind = Literal["line", "steps", "dots", "bars", "bins"]
Pairs = Iterable[tuple[float, float | None]]


@dataclass(frozen=True)
class Axis:
    """Attributes:
    title: with its unit.
    log: the base of a logarithmic axis; None is a linear one.
    from_zero: it starts at 0.
    percent: its numbers are shares.
    ends: of the axis; None if they are found from what is drawn.
    name: of one of its values, where the pointer asks about a point.
    """

    title: str
    log: int | None = None
    from_zero: bool = False
    percent: bool = False
    ends: tuple[float, float] | None = None
    name: str = ""


@dataclass(frozen=True)
class Series:
    """One kind of mark; two series of one name have one colour.

    `x` and `y` are as long as each other, but for "bins": there `x` holds the edges, one more. "bars" stand side by side
    over whole numbers. `size` is the width of a line or the radius of dots in pixels, None the usual one. `texts` says of
    each point what it is, in place of the name.
    """

    name: str
    kind: Kind
    x: Sequence[float]
    y: Sequence[float]
    size: float | None = None
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Frame:
    """What a panel shows beside its own series while the handle is at some of its stops, and the x axis's title then."""

    title: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Guides:
    """What a plot of rate and distortion shows beside its points; names and nats per image.

    Attributes:
        sums: lines of equal rate + distortion, each a name and its sum.
        floors: horizontal lines, each a name and its distortion.
        corners: places, each a name, its rate and its distortion.
    """

    sums: Sequence[tuple[str, float]] = ()
    floors: Sequence[tuple[str, float]] = ()
    corners: Sequence[tuple[str, float, float]] = ()


@dataclass(frozen=True)
class Panel:
    """Attributes:
    series: in the order of their colours; with those of `follows` and `frames` at most seven names.
    looks: colour, None for that of the text, and dashes of each name, where they are not the usual ones.
    guides: for rate and distortion.
    marks: names of upright lines and where they stand.
    follows: dots, each with one place for every stop of the handle.
    frames, frame_of: what changes with the handle, and for every stop which of them is shown.
    height: in pixels; `share`: of the width, against the other panels.
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
    """An upright line that one drags, from stop to stop.

    Attributes:
        name: of what it sets.
        stops: rising, in units of the first panel's x axis; `texts` says each.
        readings: figures below the panels, each with a text for every stop.
    """

    name: str
    stops: Sequence[float]
    texts: Sequence[str]
    readings: Mapping[str, Sequence[str]] = field(default_factory=dict)


def drawn(name: str, kind: Kind, pairs: Pairs) -> Series:
    """A series of (x, y); those whose y is None or not finite are left out."""
    kept = [(float(x), float(y)) for x, y in pairs if y is not None and math.isfinite(y)]
    return Series(name, kind, [x for x, _ in kept], [y for _, y in kept])


def bars(name: str, values: Sequence[float]) -> Series:
    """A bar for each value, at 1, 2, 3, ..."""
    return Series(name, "bars", list(range(1, len(values) + 1)), list(values))


def histograms(groups: Mapping[str, Array], bins: int = BINS) -> tuple[Series, ...]:
    """The share of each group of positive numbers in bins over all of them, equally wide on a logarithmic axis."""
    logarithms = np.log(np.concatenate(list(groups.values())).astype(np.float64))
    edges = np.exp(np.histogram_bin_edges(logarithms, bins))
    edges[0], edges[-1] = edges[0] * (1 - ROUNDING), edges[-1] * (1 + ROUNDING)
    return tuple(
        Series(name, "bins", edges.tolist(), (np.histogram(values, edges)[0] / len(values)).tolist())
        for name, values in groups.items()
    )


def chart_data(panels: Sequence[Panel], handle: Handle | None = None) -> dict[str, Any]:
    """All of it as plain lists and dictionaries, with the ends of the axes and a colour and dashes for each name."""
    return {
        "panels": [_panel(panel, handle if at == 0 else None) for at, panel in enumerate(panels)],
        "handle": None if handle is None else asdict(handle),
    }


def _panel(panel: Panel, handle: Handle | None) -> dict[str, Any]:
    all_series = (*panel.series, *panel.follows, *(one for frame in panel.frames for one in frame.series))
    names = list(dict.fromkeys(one.name for one in all_series))
    across = [x for one in all_series for x in _reach(one)] + list(panel.marks.values())
    up = [y for one in all_series for y in one.y] + [0.0] * any(one.kind in ("bars", "bins") for one in all_series)
    found = asdict(panel)
    found["x"]["ends"] = panel.x.ends or _ends(panel.x, across + list(handle.stops if handle else ()))
    found["y"]["ends"] = panel.y.ends or _ends(panel.y, up)
    usual = zip(COLOURS, DASHES, strict=True)
    found["looks"] = {name: list(panel.looks[name] if panel.looks else next(usual)) for name in names}
    return found


def _reach(series: Series) -> list[float]:
    """Bars reach half a place to both sides."""
    if series.kind == "bars":
        return [min(series.x) - 0.5, max(series.x) + 0.5]
    return list(series.x)


def _ends(axis: Axis, values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if axis.log is not None:
        room = (high / low) ** ROOM
        return low / room, high * room
    room = ROOM * (high - low)
    starts_at_zero = axis.from_zero or low == 0
    return (0.0 if starts_at_zero else low - room), high + room
