"""One loss of all runs of a comparison over the epochs."""

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
"""What the chart can show, and the key of a record that holds it."""


def curves_table(series: Sequence[tuple[object, int, Sequence[Record]]], curve: str = "negative ELBO") -> pd.DataFrame:
    """What `curves_spec` draws.

    Args:
        series: for each run the value of the setting, the seed, and the held-out records, decimated.
        curve: one of `CURVES`.

    Returns:
        Columns `label`, `seed`, `step`, `epoch`, `nats`; missing figures and those that are not finite are left out.
    """
    found = [
        (shown_value(value), str(seed), record["step"], record["epoch"], nats)
        for value, seed, records in series
        for record in records
        if (nats := _nats(record, CURVES[curve])) is not None
    ]
    return pd.DataFrame(found, columns=["label", "seed", "step", "epoch", "nats"])


def _nats(record: Record, key: str) -> float | None:
    parts = ("reconstruction_nats", "kl_nats") if key == "negative_elbo_nats" else (key,)
    values = [record.get(part, 0.0 if len(parts) > 1 else None) for part in parts]
    known = [float(value) for value in values if value is not None]
    total = sum(known)
    return total if len(known) == len(parts) and math.isfinite(total) else None


@specification
def curves_spec(labels: tuple[str, ...], field: str = "beta", curve: str = "negative ELBO") -> Any:
    """A colour for each value, a thin line for each seed; held-out images.

    Args:
        labels: as from `labels_of`.
        field: the setting.
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
