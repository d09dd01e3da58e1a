"""The loss curves of all runs of a comparison, one loss at a time, over the epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from vae_core.evaluation.findings import shown_value
from vae_core.figures import FIGURES, NATS
from vae_core.storage.records import Record
from vae_core.viz.chart_theme import of_rows, specification
from vae_core.viz.compared_values import title_of, value_colours

CURVES = {FIGURES[key].title: key for key in ("negative_elbo_nats", "reconstruction_nats", "kl_nats")}
"""The losses that the chart can show, with their keys in the records."""


def curves_table(series: Sequence[tuple[object, int, Sequence[Record]]], curve: str = "negative ELBO") -> pd.DataFrame:
    """The data of `curves_spec`.

    Args:
        series: for each run, the value of the setting, the seed, and its held-out records, decimated.
        curve: one of `CURVES`.

    Returns:
        Columns `label`, `seed`, `step`, `epoch`, `nats`; figures that are missing or not finite are left out.
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
    present = [float(value) for value in values if value is not None]
    total = sum(present)
    return total if len(present) == len(parts) and math.isfinite(total) else None


@specification
def curves_spec(labels: tuple[str, ...], field: str = "beta", curve: str = "negative ELBO") -> Any:
    """The loss on held-out images: a colour per value, a thin line per seed.

    Args:
        labels: from `labels_of`.
        field: the setting that is compared.
        curve: one of `CURVES`.
    """
    import altair as alt

    tooltip = [
        alt.Tooltip("label:N", title=title_of(field)),
        "seed:N",
        alt.Tooltip("epoch:Q", format=".2f"),
        alt.Tooltip("nats:Q", title=NATS, format=".2f"),
    ]
    return (
        of_rows()
        .mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(size=16))
        .encode(
            alt.X("epoch:Q", title="epoch"),
            alt.Y("nats:Q", title=f"held-out {curve}, {NATS}", scale=alt.Scale(zero=False, nice=True)),
            value_colours(labels, field),
            detail="seed:N",
            tooltip=tooltip,
        )
    )
