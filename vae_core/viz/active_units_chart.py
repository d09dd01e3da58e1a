"""Active units against the setting that a comparison varies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from vae_core.evaluation.comparison import Point
from vae_core.evaluation.findings import shown_value
from vae_core.figures import FIGURES
from vae_core.viz.chart_theme import of_rows, specification
from vae_core.viz.compared_values import title_of, value_colours
from vae_core.viz.palette import LINE_COLOUR


def units_table(points: Sequence[Point]) -> pd.DataFrame:
    """Active units per run: columns `label`, `seed`, `active`, `of`; runs without a posterior are left out."""
    rows = [
        (shown_value(point.value), str(point.seed), point.active_units, point.latent)
        for point in points
        if point.active_units is not None
    ]
    return pd.DataFrame(rows, columns=["label", "seed", "active", "of"])


@specification
def units_spec(labels: tuple[str, ...], field: str = "beta") -> Any:
    """A dot per run, and a line through the mean of each value.

    Args:
        labels: from `labels_of`.
        field: the setting that is compared.
    """
    import altair as alt

    x = alt.X("label:O", sort=list(labels), title=title_of(field))
    y = alt.Y("active:Q", title=FIGURES["active_units"].label, axis=alt.Axis(tickMinStep=1))
    dots = of_rows().mark_point().encode(x, y, value_colours(labels, field).legend(None))
    means = of_rows().mark_line(color=LINE_COLOUR).encode(x, y.aggregate("mean"))
    return means + dots.encode(tooltip=["label:N", "seed:N", "active:N", "of:N"])
