"""The lessons' charts as plain Vega-Lite specifications, built once, and their data as small tables.

A table of curves has the columns `kind` ("curve", "point" or "mark"), `series`, `x`, `y`; marks are upright lines with
their name. Series are told apart by colour and by dashes, so that colour is never all there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from vae_core.storage.arrays import Array
from vae_core.viz.palette import LINE_COLOUR

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
COLOURS = ("#8363eb", "#d9822b", "#59a1fc", "#0c755b", "#c42914", "#d669b0", "#9b9a10")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 2], [1, 3], [10, 4])
BINS = 60
WIDE_NAME = 22
"""Letters of a name from which on names stand below each other, so that none is cut on a narrow page."""

MARK_TOP, MARK_LINE, LEGEND_ABOVE = 8, 14, 30
"""Pixels above the plot to the first name of a mark, and between names, which may stand near to each other; a mark's `y`
holds them. Above the plot they meet no line of it."""

Pairs = Iterable[tuple[float, float | None]]


def curve_table(
    curves: Mapping[str, Pairs], points: Mapping[str, Pairs] | None = None, marks: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """What `curve_spec` draws.

    Args:
        curves, points: (x, y) of each series, lines and dots; those that are None or not finite are left out.
        marks: the names of upright lines and where they stand.
    """
    rows: list[tuple[str, str, float, float | None]] = []
    for kind, family in (("curve", curves), ("point", points or {})):
        for series, pairs in family.items():
            rows += [(kind, series, x, y) for x, y in pairs if y is not None and math.isfinite(y)]
    rows += [
        ("mark", name, x, float(-MARK_TOP - line * MARK_LINE)) for line, (name, x) in enumerate((marks or {}).items())
    ]
    table = pd.DataFrame(rows, columns=["kind", "series", "x", "y"])
    return table.astype({"x": "float64", "y": "float64"})


@lru_cache(maxsize=32)
def curve_spec(
    x: str,
    y: str,
    series: tuple[str, ...],
    *,
    height: int = 300,
    log_x: bool = False,
    log_y: bool = False,
    stepped: bool = False,
    from_zero: bool = False,
    log_base: int = 10,
) -> dict[str, Any]:
    """Lines, dots and upright marks over two axes with these titles.

    Args:
        x, y: titles with their units.
        series: all names in the order of their colours; at most seven.
        height: in pixels.
        log_x, log_y: logarithmic axes, x to the base `log_base`.
        stepped: lines go in steps, as counts do.
        from_zero: the y axis starts at 0.

    Returns:
        One dictionary for all callers; it is not to be changed.
    """
    horizontal = {"field": "x", "type": "quantitative", "title": x, "scale": _scale(log_x, log_base)}
    vertical = {
        "field": "y",
        "type": "quantitative",
        "title": y,
        "scale": _scale(log_y) | {"zero": from_zero and not log_y},
    }
    colour = _coloured(series)
    colour["legend"] |= {"symbolType": "stroke", "symbolStrokeWidth": 4}
    tooltip = [
        {"field": "series", "type": "nominal", "title": "which"},
        {"field": "x", "type": "quantitative", "title": x, "format": ",.4~g"},
        {"field": "y", "type": "quantitative", "title": y, "format": ",.4~g"},
    ]
    dash = {**colour, "scale": {"domain": list(series), "range": list(DASHES[: len(series)])}}
    line = {"type": "line", "strokeWidth": 2.5, "interpolate": "step-after" if stepped else "linear"}
    encoding = {"x": horizontal, "y": vertical, "color": colour}
    return {
        "$schema": SCHEMA,
        "height": height,
        "layer": [
            {"transform": _only("curve"), "mark": line, "encoding": {**encoding, "strokeDash": dash}},
            {
                "transform": _only("point"),
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {**encoding, "tooltip": tooltip},
            },
            *_marks(horizontal),
        ],
    }


def bar_table(groups: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """What `bar_spec` draws: for each series its values at 1, 2, 3, ..."""
    rows = [(series, at, value) for series, values in groups.items() for at, value in enumerate(values, start=1)]
    return pd.DataFrame(rows, columns=["series", "at", "value"]).astype({"at": "int64", "value": "float64"})


@lru_cache(maxsize=16)
def bar_spec(x: str, y: str, series: tuple[str, ...], *, height: int = 220) -> dict[str, Any]:
    """Bars side by side over whole numbers; not to be changed."""
    return {
        "$schema": SCHEMA,
        "height": height,
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "at", "type": "ordinal", "title": x, "axis": {"labelAngle": 0}},
            "xOffset": {"field": "series", "type": "nominal"},
            "y": {"field": "value", "type": "quantitative", "title": y},
            "color": _coloured(series),
            "tooltip": [
                {"field": "series", "type": "nominal", "title": "which"},
                {"field": "at", "type": "ordinal", "title": x},
                {"field": "value", "type": "quantitative", "title": y, "format": ",.4~g"},
            ],
        },
    }


def histogram_table(groups: Mapping[str, Array], mark: float, bins: int = BINS) -> pd.DataFrame:
    """What `histogram_spec` draws: the share of each group in equally wide bins over all of them, and a threshold."""
    edges = np.histogram_bin_edges(np.concatenate(list(groups.values())), bins)
    rows: list[tuple[str, str, float, float | None, float | None]] = []
    for series, values in groups.items():
        shares = np.histogram(values, edges)[0] / len(values)
        rows += [
            ("bar", series, float(low), float(high), float(share))
            for low, high, share in zip(edges[:-1], edges[1:], shares, strict=True)
        ]
    rows.append(("mark", "threshold", mark, None, float(-MARK_TOP)))
    table = pd.DataFrame(rows, columns=["kind", "series", "x", "end", "y"])
    return table.astype({"x": "float64", "end": "float64", "y": "float64"})


@lru_cache(maxsize=8)
def histogram_spec(x: str, series: tuple[str, ...], *, height: int = 260) -> dict[str, Any]:
    """Histograms one over the other, seen through, with an upright line; not to be changed."""
    horizontal = {"field": "x", "type": "quantitative", "title": x}
    share = {
        "field": "y",
        "type": "quantitative",
        "title": "share of the images",
        "axis": {"format": "%"},
        "stack": None,
    }
    return {
        "$schema": SCHEMA,
        "height": height,
        "layer": [
            {
                "transform": _only("bar"),
                "mark": {"type": "bar", "opacity": 0.6, "binSpacing": 0},
                "encoding": {
                    "x": {**horizontal, "bin": {"binned": True}},
                    "x2": {"field": "end"},
                    "y": share,
                    "color": _coloured(series),
                },
            },
            *_marks({"field": "x", "type": "quantitative", "title": x}),
        ],
    }


def _scale(logarithmic: bool, base: int = 10) -> dict[str, Any]:
    return {"type": "log", "base": base, "nice": False} if logarithmic else {"nice": True, "zero": False}


def _coloured(series: tuple[str, ...]) -> dict[str, Any]:
    return {
        "field": "series",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(series), "range": list(COLOURS[: len(series)])},
        "legend": {
            "orient": "top",
            "columns": _columns(series),
            "labelLimit": 320,
            "symbolOpacity": 1,
            "offset": LEGEND_ABOVE,
        },
    }


def _columns(series: tuple[str, ...]) -> int:
    longest = max(map(len, series))
    return 1 if longest > WIDE_NAME else 2 if len(series) > 3 else 3


def _marks(x: dict[str, Any]) -> list[dict[str, Any]]:
    text = {"type": "text", "align": "center", "fontSize": 12, "color": LINE_COLOUR}
    return [
        {
            "transform": _only("mark"),
            "mark": {"type": "rule", "strokeWidth": 1.5, "strokeDash": [5, 4], "color": LINE_COLOUR},
            "encoding": {"x": x},
        },
        {
            "transform": _only("mark"),
            "mark": text,
            "encoding": {
                "x": x,
                "y": {"field": "y", "type": "quantitative", "scale": None},
                "text": {"field": "series", "type": "nominal"},
            },
        },
    ]


def _only(kind: str) -> list[dict[str, str]]:
    return [{"filter": f"datum.kind === '{kind}'"}]
