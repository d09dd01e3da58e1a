"""The charts of a comparison as plain Vega-Lite specifications, built once per set of options, and their data as tables.

The tables change while runs train and the specifications do not:

    st.vega_lite_chart(rate_distortion_table(points), rate_distortion_spec(labels), key=...)

One value of the compared field has one colour in all of them. All figures are nats per image unless an axis says else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from vae_core.evaluation.comparison import Point, summarise, values_of
from vae_core.evaluation.findings import shown_value
from vae_core.figures import FIGURES
from vae_core.storage.frames import Frame
from vae_core.storage.records import Record
from vae_core.viz.palette import CLASS_COLOURS, LINE_COLOUR
from vae_core.viz.rate_bounds import limits

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
RATE, DISTORTION = FIGURES["kl_nats"], FIGURES["reconstruction_nats"]
CURVES = {FIGURES[key].title: key for key in ("negative_elbo_nats", "reconstruction_nats", "kl_nats")}
"""What the overlaid curves can show, and the key of a record that holds it."""
ELBO_LINES = 5


def labels_of(points: Sequence[Point]) -> tuple[str, ...]:
    """The values' names in their order, as all charts have them."""
    return tuple(shown_value(value) for value in values_of(points))


def colour_of(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each value; more than ten start again."""
    return {label: CLASS_COLOURS[index % len(CLASS_COLOURS)] for index, label in enumerate(labels)}


def rate_distortion_table(points: Sequence[Point]) -> pd.DataFrame:
    """What `rate_distortion_spec` draws: a row for each dot, mean, line and corner.

    Args:
        points: those without a rate, as of an autoencoder, stand at rate 0 in no chart: they are left out.

    Returns:
        Columns `kind` ("run", "mean", "elbo", "floor", "corner"), `label`, `seed`, `n`, `rate`, `distortion`, `rate_low`,
        `rate_high`, `low`, `high` (of distortion), `text`. Means come from the number of seeds on that `summarise` asks
        for; an "elbo" line is two rows of one `text`.
    """
    known = [point for point in points if point.kl_nats is not None]
    rows: list[dict[str, Any]] = [
        {
            "kind": "run",
            "label": shown_value(point.value),
            "seed": str(point.seed),
            "rate": point.kl_nats,
            "distortion": point.reconstruction_nats,
            "text": f"seed {point.seed}, {'final' if point.final else f'step {point.step:,}'}",
        }
        for point in known
    ]
    rows += _means(known) + _elbo_lines(known) + limits(known)
    columns = ["kind", "label", "seed", "n", "rate", "distortion", "rate_low", "rate_high", "low", "high", "text"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(["n", "rate", "distortion", "rate_low", "rate_high", "low", "high"], "float64"))


def _means(points: Sequence[Point]) -> list[dict[str, Any]]:
    rows = []
    for summary in summarise(points):
        if not summary.deviations:
            continue
        rate, distortion = summary.means["kl_nats"], summary.means["reconstruction_nats"]
        rate_sd, distortion_sd = summary.deviations["kl_nats"], summary.deviations["reconstruction_nats"]
        row: dict[str, Any] = {"kind": "mean", "label": shown_value(summary.value), "n": summary.n}
        row |= {"rate": rate, "distortion": distortion}
        row |= {"rate_low": rate - rate_sd, "rate_high": rate + rate_sd}
        row |= {"low": distortion - distortion_sd, "high": distortion + distortion_sd}
        rows.append({**row, "text": f"mean and one standard deviation, n = {summary.n}"})
    return rows


def _elbo_lines(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Lines of equal rate + distortion through the picture, at round figures."""
    if not points:
        return []
    sums = [point.negative_elbo_nats for point in points]
    widest = max(float(point.kl_nats or 0.0) for point in points) * 1.1 + 1.0
    room = max(max(sums) - min(sums), 2.0)
    step = _round_step(room / (ELBO_LINES - 1))
    first = math.floor(min(sums) / step) * step
    levels = [first + step * index for index in range(math.ceil((max(sums) - first) / step) + 1)]
    return [
        {"kind": "elbo", "text": f"{level:.10g}", "rate": rate, "distortion": level - rate}
        for level in levels
        for rate in (0.0, widest)
    ]


def _round_step(wanted: float) -> float:
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= wanted * 0.999)


@lru_cache(maxsize=64)
def rate_distortion_spec(
    labels: tuple[str, ...], field: str = "beta", height: int = 380, is_elbo: bool = True
) -> dict[str, Any]:
    """Rate against distortion: a dot a run, means with one standard deviation both ways, lines of equal ELBO.

    Args:
        labels: as from `labels_of`.
        field: what differs, the title of the legend.
        height: in pixels.
        is_elbo: whether the lines are named ELBO. If encoders see damaged images the sum is another, looser bound on
            the clean images' likelihood, and the lines are named sum.

    Returns:
        One dictionary for all callers; it is not to be changed.
    """
    rate = {"field": "rate", "type": "quantitative", "title": RATE.axis, "scale": {"zero": True}}
    distortion = {
        "field": "distortion",
        "type": "quantitative",
        "title": DISTORTION.axis,
        "scale": {"zero": False, "nice": True},
    }
    colour = _colour(labels, field)
    both = {"x": rate, "y": distortion}
    return {
        "$schema": SCHEMA,
        "height": height,
        "layer": [
            *_elbo_layers(both, is_elbo),
            *_limit_layers(both),
            *_mean_layers(both, colour),
            _dots(both, colour, field),
        ],
    }


def _elbo_layers(both: dict[str, Any], is_elbo: bool) -> list[dict[str, Any]]:
    line = {"type": "line", "strokeWidth": 1, "opacity": 0.5, "color": LINE_COLOUR, "clip": True}
    label = {
        "type": "text",
        "align": "right",
        "baseline": "top",
        "dx": -3,
        "dy": 3,
        "fontSize": 10,
        "color": LINE_COLOUR,
    }
    text = {"text": {"field": "named", "type": "nominal"}}
    named = [  # below the end at which no run can be: collapsed ones stand at the other
        {"filter": "datum.rate > 0"},
        {"calculate": f"'{'ELBO -' if is_elbo else 'sum '}' + datum.text", "as": "named"},
    ]
    return [
        {
            "transform": _only("elbo"),
            "mark": line,
            "encoding": {**both, "detail": {"field": "text", "type": "nominal"}},
        },
        {"transform": [*_only("elbo"), *named], "mark": label, "encoding": {**both, **text}},
    ]


def _limit_layers(both: dict[str, Any]) -> list[dict[str, Any]]:
    label = {"type": "text", "align": "right", "dx": -4, "dy": -7, "fontSize": 11, "color": LINE_COLOUR}
    text = {"text": {"field": "text", "type": "nominal"}}
    y = {"y": both["y"]}
    corner = {"type": "point", "shape": "cross", "size": 90, "filled": True, "color": LINE_COLOUR}
    beside = {**label, "align": "left", "dx": 9, "dy": 0}
    return [
        {
            "transform": _only("floor"),
            "mark": {"type": "rule", "strokeDash": [5, 4], "color": LINE_COLOUR},
            "encoding": {**y, "x": {"value": 0}, "x2": {"value": "width"}},
        },
        {"transform": _only("floor"), "mark": label, "encoding": {**y, "x": {"value": "width"}, **text}},
        {"transform": _only("corner"), "mark": corner, "encoding": both},
        {"transform": _only("corner"), "mark": beside, "encoding": {**both, **text}},
    ]


def _mean_layers(both: dict[str, Any], colour: dict[str, Any]) -> list[dict[str, Any]]:
    rule = {"type": "rule", "strokeWidth": 1.5}
    across = {"x": {**both["x"], "field": "rate_low"}, "x2": {"field": "rate_high"}, "y": both["y"], "color": colour}
    along = {"x": both["x"], "y": {**both["y"], "field": "low"}, "y2": {"field": "high"}, "color": colour}
    path = {"type": "line", "strokeWidth": 1, "color": LINE_COLOUR}
    return [
        {
            "transform": _only("mean"),
            "mark": path,
            "encoding": {**both, "order": {"field": "rate", "type": "quantitative"}},
        },
        {"transform": _only("mean"), "mark": rule, "encoding": across},
        {"transform": _only("mean"), "mark": rule, "encoding": along},
    ]


def _dots(both: dict[str, Any], colour: dict[str, Any], field: str) -> dict[str, Any]:
    tooltip = [
        {"field": "label", "type": "nominal", "title": field},
        {"field": "text", "type": "nominal", "title": "run"},
        {"field": "rate", "type": "quantitative", "title": RATE.compared, "format": RATE.format},
        {"field": "distortion", "type": "quantitative", "title": DISTORTION.compared, "format": DISTORTION.format},
    ]
    mark = {"type": "point", "filled": True, "size": 70, "opacity": 0.85}
    return {"transform": _only("run"), "mark": mark, "encoding": {**both, "color": colour, "tooltip": tooltip}}


def units_table(points: Sequence[Point]) -> pd.DataFrame:
    """Active units of each run: columns `label`, `seed`, `active`, `of`; runs without a code's posterior are left out."""
    rows = [
        (shown_value(point.value), str(point.seed), point.active_units, point.latent)
        for point in points
        if point.active_units is not None
    ]
    return pd.DataFrame(rows, columns=["label", "seed", "active", "of"])


@lru_cache(maxsize=64)
def units_spec(labels: tuple[str, ...], field: str = "beta", height: int = 260) -> dict[str, Any]:
    """Active units against the field: a dot a run, the mean of each value as a line between them."""
    x = {
        "field": "label",
        "type": "ordinal",
        "sort": list(labels),
        "title": field.replace("_", " "),
        "axis": {"labelAngle": 0},
    }
    y = {"field": "active", "type": "quantitative", "title": FIGURES["active_units"].label, "axis": {"tickMinStep": 1}}
    tooltip = [{"field": name, "type": "nominal"} for name in ("label", "seed", "active", "of")]
    mean = {**y, "aggregate": "mean"}
    return {
        "$schema": SCHEMA,
        "height": height,
        "layer": [
            {"mark": {"type": "line", "color": LINE_COLOUR}, "encoding": {"x": x, "y": mean}},
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 0.85},
                "encoding": {"x": x, "y": y, "color": {**_colour(labels, field), "legend": None}, "tooltip": tooltip},
            },
        ],
    }


def kl_table(points: Sequence[Point]) -> pd.DataFrame:
    """KL of each dimension by value, the strongest first: columns `label`, `dimension` (its rank from 1 on), `nats`, `n`.

    Two runs' dimensions have nothing in common but their rank, so the mean over the seeds is taken rank by rank.
    """
    rows = []
    for value in values_of(points):
        own = [point.kl_per_dimension for point in points if point.value == value and point.kl_per_dimension]
        longest = max(map(len, own), default=0)
        ranked = [sorted(each, reverse=True) + [0.0] * (longest - len(each)) for each in own]
        means = np.mean(ranked, axis=0) if ranked else []
        rows += [(shown_value(value), rank, float(nats), len(own)) for rank, nats in enumerate(means, start=1)]
    return pd.DataFrame(rows, columns=["label", "dimension", "nats", "n"])


def kl_steps_table(frames: Sequence[Frame]) -> pd.DataFrame:
    """When the dimensions of one run switch on and off: columns `step`, `dimension`, `nats`; a film's frames.

    The dimensions stand in the order of the last frame, the strongest first; `dimension` is the rank in it.
    """
    known = [(frame.step, frame.kl_per_dimension) for frame in frames if frame.kl_per_dimension is not None]
    if not known:
        return pd.DataFrame([], columns=["step", "dimension", "nats"])
    order = np.argsort(-known[-1][1], kind="stable")
    rows = [(step, rank, float(kl[index])) for step, kl in known for rank, index in enumerate(order, start=1)]
    return pd.DataFrame(rows, columns=["step", "dimension", "nats"])


@lru_cache(maxsize=64)
def kl_spec(
    labels: tuple[str, ...], field: str = "beta", most: float | None = None, height: int = 260
) -> dict[str, Any]:
    """KL per dimension as a heat map: the field upwards, the dimensions by rank across.

    Args:
        labels: as from `labels_of`.
        field: what differs.
        most: nats at the end of the colours, where several charts share them; None is the largest shown.
        height: in pixels.
    """
    y = {"field": "label", "type": "ordinal", "sort": list(labels), "title": field.replace("_", " ")}
    return _heat_map(y, ["label", "dimension", "nats", "n"], most, height)


@lru_cache(maxsize=16)
def kl_steps_spec(most: float | None = None, height: int = 260) -> dict[str, Any]:
    """KL per dimension of one run over its film: the steps upwards, the dimensions by their last rank across."""
    y = {"field": "step", "type": "ordinal", "sort": "descending", "title": "step"}
    return _heat_map(y, ["step", "dimension", "nats"], most, height)


def _heat_map(y: dict[str, Any], tooltip: Sequence[str], most: float | None, height: int) -> dict[str, Any]:
    scale: dict[str, Any] = {"scheme": "viridis", "domainMin": 0}
    if most is not None:
        scale["domainMax"] = most
    return {
        "$schema": SCHEMA,
        "height": height,
        "mark": {"type": "rect"},
        "encoding": {
            "x": {
                "field": "dimension",
                "type": "ordinal",
                "title": "dimension, the strongest first",
                "axis": {"labelAngle": 0},
            },
            "y": y,
            "color": {"field": "nats", "type": "quantitative", "title": "KL, nats", "scale": scale},
            "tooltip": [
                {
                    "field": name,
                    **({"format": ".3f", "type": "quantitative"} if name == "nats" else {"type": "nominal"}),
                }
                for name in tooltip
            ],
        },
    }


def curves_table(series: Sequence[tuple[object, int, Sequence[Record]]], curve: str = "negative ELBO") -> pd.DataFrame:
    """One loss of several runs over their steps.

    Args:
        series: of each run its value of the field, its seed, and its held-out records, decimated.
        curve: one of `CURVES`.

    Returns:
        Columns `label`, `seed`, `step`, `epoch`, `nats`; figures that are not there or not finite draw nothing.
    """
    rows = [
        (shown_value(value), str(seed), record["step"], record["epoch"], nats)
        for value, seed, records in series
        for record in records
        if (nats := _nats(record, CURVES[curve])) is not None
    ]
    return pd.DataFrame(rows, columns=["label", "seed", "step", "epoch", "nats"])


def _nats(record: Record, key: str) -> float | None:
    parts = ("reconstruction_nats", "kl_nats") if key == "negative_elbo_nats" else (key,)
    values = [record.get(part, 0.0 if len(parts) > 1 else None) for part in parts]
    known = [float(value) for value in values if value is not None]
    total = sum(known)
    return total if len(known) == len(parts) and math.isfinite(total) else None


@lru_cache(maxsize=64)
def curves_spec(
    labels: tuple[str, ...], field: str = "beta", curve: str = "negative ELBO", height: int = 300
) -> dict[str, Any]:
    """One loss of all runs over the epochs, a colour a value, a thin line a seed; held-out images."""
    tooltip = [
        {"field": "label", "type": "nominal", "title": field},
        {"field": "seed", "type": "nominal", "title": "seed"},
        {"field": "epoch", "type": "quantitative", "title": "epoch", "format": ".2f"},
        {"field": "nats", "type": "quantitative", "title": "nats per image", "format": ".2f"},
    ]
    return {
        "$schema": SCHEMA,
        "height": height,
        "mark": {"type": "line", "strokeWidth": 1.5, "point": {"size": 16, "filled": True}},
        "encoding": {
            "x": {"field": "epoch", "type": "quantitative", "title": "epoch"},
            "y": {
                "field": "nats",
                "type": "quantitative",
                "title": f"held-out {curve}, nats per image",
                "scale": {"zero": False, "nice": True},
            },
            "color": _colour(labels, field),
            "detail": {"field": "seed", "type": "nominal"},
            "tooltip": tooltip,
        },
    }


def _colour(labels: Sequence[str], field: str) -> dict[str, Any]:
    colours = colour_of(labels)
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": "label", "type": "nominal", "title": field.replace("_", " "), "scale": scale, "sort": None}


def _only(kind: str) -> list[dict[str, str]]:
    return [{"filter": f"datum.kind === '{kind}'"}]
