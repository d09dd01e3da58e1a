"""The loss curves of one run."""

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
"""The curves of the chart, with their keys in the records."""

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
    """The data of `loss_spec`, one row per point.

    Args:
        records_train, records_held_out: records in the order of their steps, already decimated; keys as in `CURVES`.
            Figures that are missing (such as an autoencoder's KL) or not finite are left out.
        lines: `floor` and `collapse` in nats per image, as far as they are known.
        per_pixel: number of pixels per image, to divide all figures by; None leaves nats per image.
        smoothing: weight of the past in the moving average of the training curves, in [0, 1); 0 does not smooth.
            Held-out figures are never smoothed.
        log: leave out figures at or below 0, which a logarithmic axis cannot show. (A density can exceed 1, so a loss can
            be negative.)

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
    """The `KINDS` that a table contains; empty if it has no curve, so that there is nothing to draw."""
    present = set(table["kind"].unique())
    return tuple(kind for kind in KINDS if kind in present) if present - {"line"} else ()


@specification
def loss_spec(
    kinds: tuple[str, ...] = KINDS, *, per_pixel: bool = False, log: bool = False, variational: bool = True
) -> Any:
    """The loss against the step: thin training curves, bold held-out curves with their points, and reference lines.

    Args:
        kinds: the `KINDS` that the table contains, from `kinds_of`; at least one is a curve.
        per_pixel: whether the unit is nats per pixel.
        log: whether the axis is logarithmic.
        variational: whether the loss has several terms. An autoencoder's is its reconstruction alone, a single curve.
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
        ("line", names.mark_text(**label, **halo)),  # on top of the curves; the halo keeps it legible across them
        ("line", names.mark_text(**label)),
    ]
    return alt.layer(*(layer for kind, layer in layers if kind in kinds))


def _finite(records: Iterable[Record], key: str) -> list[Record]:
    return [record for record in records if record.get(key) is not None and math.isfinite(record[key])]


def _smoothed(values: Sequence[float], weight: float) -> list[float]:
    """An exponential moving average, corrected for its bias towards 0 at the start (Kingma & Ba 2015, section 3)."""
    smooth: list[float] = []
    average = 0.0
    for count, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        smooth.append(average / (1 - weight**count))
    return smooth
