"""The loss chart as a plain Vega-Lite specification, built once per set of options, and its data as one small table.

The table changes while a run trains and the specification does not, so a page sends only rows:

    st.vega_lite_chart(loss_table(...), loss_spec(...), key=...)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from vae_core.config import HELD_OUT_IMAGES
from vae_core.figures import FIGURES
from vae_core.storage.records import Record
from vae_core.viz.palette import CURVE_COLOURS, LINE_COLOUR

CURVES = {FIGURES[key].title: key for key in ("loss", "reconstruction_nats", "kl_nats")}
"""Each curve of the chart, and the records' key that it draws."""

LINE_NAMES = {"floor": "floor: perfect reconstruction", "collapse": "collapse: the mean image"}
COLUMNS = ("kind", "curve", "step", "epoch", "nats")


def loss_table(
    records_train: Sequence[Record],
    records_held_out: Sequence[Record],
    lines: Mapping[str, float],
    *,
    per_pixel: int | None = None,
    smoothing: float = 0.0,
    cursor: int | None = None,
) -> pd.DataFrame:
    """What `loss_spec` draws, a row for each point.

    Args:
        records_train, records_held_out: records in the order of their steps, already decimated; keys as in `CURVES`. A
            KL that is absent or None (an autoencoder's) draws nothing, and neither does a figure that is not finite.
        lines: nats per image of `floor` and `collapse`, where known.
        per_pixel: pixels an image by which all figures are divided, or None for nats per image.
        smoothing: in [0, 1), the weight of the past in the training curves' moving average; 0 draws them as they are.
            Held-out figures are never smoothed.
        cursor: a step to mark, such as that of a film, or None.

    Returns:
        Columns `kind` ("training", "held-out", "line", "cursor"), `curve`, `step`, `epoch`, `nats`.
    """
    divisor = float(per_pixel or 1)
    rows: list[tuple[Any, ...]] = []
    for curve, key in reversed(CURVES.items()):  # the total is drawn last, on top
        train = _finite(records_train, key)
        smooth = _smoothed([record[key] for record in train], smoothing)
        rows += [
            ("training", curve, record["step"], record.get("epoch"), value / divisor)
            for record, value in zip(train, smooth, strict=True)
        ]
        rows += [
            ("held-out", curve, record["step"], record.get("epoch"), record[key] / divisor)
            for record in _finite(records_held_out, key)
        ]
    first = min((row[2] for row in rows), default=0)
    rows += [
        ("line", LINE_NAMES[name], first, None, lines[name] / divisor)
        for name in LINE_NAMES
        if lines.get(name) is not None
    ]
    if cursor is not None:
        rows.append(("cursor", "", cursor, None, None))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"step": "int64", "epoch": "float64", "nats": "float64"})


@lru_cache(maxsize=16)
def loss_spec(
    *, per_pixel: bool = False, log: bool = False, height: int = 300, variational: bool = True
) -> dict[str, Any]:
    """The loss against the step: training thin, held-out bold with its points, reference lines, a cursor.

    Args:
        per_pixel: name the unit nats per pixel.
        log: a logarithmic axis; figures at or below 0 (densities can exceed 1) have no place on it and are left out.
        height: in pixels.
        variational: the loss has terms; an autoencoder's is its reconstruction alone, one curve.

    Returns:
        One dictionary for all callers; it is not to be changed.
    """
    unit = "nats per pixel" if per_pixel else "nats per image"
    scale = {"type": "log", "nice": False} if log else {"zero": False, "nice": True}
    y = {"field": "nats", "type": "quantitative", "title": unit, "scale": scale}
    positive = [{"filter": "datum.kind === 'cursor' || datum.nats > 0"}] if log else []
    title = ["step (thin: training)", f"bold: held-out, at most {HELD_OUT_IMAGES:,} images"]  # lines that fit a phone
    x = {"field": "step", "type": "quantitative", "title": title}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "height": height,
        "transform": positive,
        "encoding": {"x": {**x, "axis": {"tickMinStep": 1, "format": ",d"}}},
        "layer": [_rules(y), *_curves(y, unit, variational), *_labels(y), _cursor()],
    }


def _curves(y: dict[str, Any], unit: str, variational: bool) -> list[dict[str, Any]]:
    names = list(CURVE_COLOURS) if variational else ["total"]
    colour = {
        "field": "curve",
        "type": "nominal",
        "title": None,
        "scale": {"domain": names, "range": [CURVE_COLOURS[name] for name in names]},
        "legend": {"orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolOpacity": 1},
    }
    tooltip = [
        {"field": "curve", "type": "nominal", "title": "held-out"},
        {"field": "step", "type": "quantitative", "title": "step", "format": ",d"},
        {"field": "epoch", "type": "quantitative", "title": "epoch", "format": ".2f"},
        {"field": "nats", "type": "quantitative", "title": unit, "format": ",.4~f"},
    ]
    encoding = {"y": y, "color": colour}
    drawn = [{"filter": {"field": "curve", "oneOf": names}}]
    return [
        {
            "transform": [*_only("training"), *drawn],
            "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.55, "interpolate": "linear"},
            "encoding": encoding,
        },
        {
            "transform": [*_only("held-out"), *drawn],
            "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 28, "filled": True}},
            "encoding": {**encoding, "tooltip": tooltip},
        },
    ]


def _rules(y: dict[str, Any]) -> dict[str, Any]:
    return {
        "transform": _only("line"),
        "mark": {"type": "rule", "strokeDash": [5, 4], "color": LINE_COLOUR},
        "encoding": {"y": y, "x": {"value": 0}, "x2": {"value": "width"}},
    }


def _labels(y: dict[str, Any]) -> list[dict[str, Any]]:
    """The names of the lines, above the curves: a halo of the background keeps them apart where a curve is near."""
    label = {"type": "text", "align": "right", "dx": -4, "dy": -7, "fontSize": 11, "color": LINE_COLOUR}
    halo = {**label, "stroke": {"expr": "background"}, "strokeWidth": 2, "strokeJoin": "round", "strokeOpacity": 0.85}
    place = {"y": y, "x": {"value": "width"}, "text": {"field": "curve", "type": "nominal"}}
    return [{"transform": _only("line"), "mark": mark, "encoding": place} for mark in (halo, label)]


def _cursor() -> dict[str, Any]:
    return {"transform": _only("cursor"), "mark": {"type": "rule", "strokeWidth": 1.5, "color": LINE_COLOUR}}


def _only(kind: str) -> list[dict[str, str]]:
    return [{"filter": f"datum.kind === '{kind}'"}]


def _finite(records: Iterable[Record], key: str) -> list[Record]:
    return [record for record in records if record.get(key) is not None and math.isfinite(record[key])]


def _smoothed(values: Sequence[float], weight: float) -> list[float]:
    """An exponential moving average whose start is not pulled towards 0 (Kingma & Ba 2015, section 3)."""
    smooth: list[float] = []
    average = 0.0
    for count, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        smooth.append(average / (1 - weight**count))
    return smooth
