"""The loss of a run against its steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from vae_core.config import HELD_OUT_IMAGES
from vae_core.figures import FIGURES, NATS
from vae_core.storage.records import Record
from vae_core.viz.chart_theme import colours, of_kind, specification
from vae_core.viz.palette import CURVE_COLOURS

KINDS = ("training", "held-out", "line")
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
    log: bool = False,
) -> pd.DataFrame:
    """What `loss_spec` draws, a row for each point.

    Args:
        records_train, records_held_out: records in the order of their steps, already decimated; keys as in `CURVES`. A
            KL that is absent or None (an autoencoder's) draws nothing, and neither does a figure that is not finite.
        lines: nats per image of `floor` and `collapse`, where known.
        per_pixel: pixels an image by which all figures are divided, or None for nats per image.
        smoothing: in [0, 1), the weight of the past in the training curves' moving average; 0 draws them as they are.
            Held-out figures are never smoothed.
        log: for a logarithmic axis, on which figures at or below 0 (densities can exceed 1) have no place: they are left
            out.

    Returns:
        Columns `kind` (one of `KINDS`), `curve`, `step`, `epoch`, `nats`.
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
    if log:
        rows = [row for row in rows if row[-1] > 0]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"step": "int64", "epoch": "float64", "nats": "float64"})


def kinds_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Which of `KINDS` a table has; none if it has no curve, when there is nothing to draw."""
    found = set(table["kind"].unique())
    return tuple(kind for kind in KINDS if kind in found) if found - {"line"} else ()


@specification
def loss_spec(
    kinds: tuple[str, ...] = KINDS, *, per_pixel: bool = False, log: bool = False, variational: bool = True
) -> Any:
    """The loss against the step: training thin, held-out bold with its points, and reference lines.

    Args:
        kinds: those of `KINDS` that the table has, as from `kinds_of`; at least one is a curve.
        per_pixel: name the unit nats per pixel.
        log: a logarithmic axis.
        variational: the loss has terms; an autoencoder's is its reconstruction alone, one curve.
    """
    import altair as alt

    unit = "nats per pixel" if per_pixel else NATS
    title = ["step (thin: training)", f"bold: held-out, at most {HELD_OUT_IMAGES:,} images"]  # lines that fit a phone
    x = alt.X("step:Q", title=title, axis=alt.Axis(tickMinStep=1, format=",d"))
    y = alt.Y(
        "nats:Q", title=unit, scale=alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False, nice=True)
    )
    shown = {name: colour for name, colour in CURVE_COLOURS.items() if variational or name == "total"}
    legend = alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1)
    colour = colours("curve", shown, title=None, legend=legend)
    tooltip = [
        alt.Tooltip("curve:N", title="held-out"),
        alt.Tooltip("step:Q", format=",d"),
        alt.Tooltip("epoch:Q", format=".2f"),
        alt.Tooltip("nats:Q", title=unit, format=",.4~f"),
    ]
    training, held_out = (
        of_kind(kind).transform_filter(alt.FieldOneOfPredicate("curve", list(shown))).encode(x, y, colour)
        for kind in ("training", "held-out")
    )
    lines = of_kind("line").encode(y=y)
    names = lines.encode(x=alt.value("width"), text="curve:N")
    label: dict[str, Any] = {"align": "right", "dx": -4, "dy": -7}
    halo: dict[str, Any] = {
        "stroke": alt.expr("background"),
        "strokeWidth": 2,
        "strokeJoin": "round",
        "strokeOpacity": 0.85,
    }
    layers = [
        ("line", lines.mark_rule().encode(x=alt.value(0), x2=alt.value("width"))),
        ("training", training.mark_line(strokeWidth=1, opacity=0.55)),
        ("held-out", held_out.mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=28)).encode(tooltip=tooltip)),
        ("line", names.mark_text(**label, **halo)),  # above the curves, and apart from them where they are near
        ("line", names.mark_text(**label)),
    ]
    return alt.layer(*(layer for kind, layer in layers if kind in kinds))


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
