"""The losses of all runs overlaid, and when their dimensions switch on and off."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.charts import static_chart
from pages.common.errors import literal
from pages.common.held_out import NOTE
from pages.compare.compared import Compared, Standing
from vae_core.evaluation.findings import shown_value
from vae_core.storage.frames import Frame
from vae_core.viz.compared_values import labels_of
from vae_core.viz.kl_heat_map import kl_steps_spec, kl_steps_table
from vae_core.viz.sweep_curves_chart import CURVES, curves_spec, curves_table

HEIGHT, HEAT_HEIGHT = 340, 260
COLUMNS = 3
MOST_POINTS = 2_000
MOST_MAPS, MOST_FRAMES = 8, 24


def curves(found: Compared, standings: Sequence[Standing]) -> None:
    """Draws held-out curves of what compares across betas; the training loss does not, since it holds each run's own."""
    curve = str(
        st.segmented_control(
            "Curve", list(CURVES), default="negative ELBO", required=True, key="curve", bind="query-params"
        )
    )
    points = [one.point for one in standings if one.point is not None]
    series = [
        (one.run.config.flat()[found.field], one.run.config.training.seed, one.follower.metrics.held_out.records())
        for one in standings
        if one.follower is not None
    ]
    each = max(2, MOST_POINTS // max(1, len(series)))
    thinned = [(value, seed, records[:: max(1, len(records) // each)]) for value, seed, records in series]
    rows = curves_table(thinned, curve)
    if rows.empty:
        st.info("The curves begin with the first held-out figures.", icon=":material/hourglass_empty:")
        return
    spec = curves_spec(labels_of(points), found.field, curve)
    static_chart(rows, spec, key="compare-curves", height=HEIGHT, alt=f"Held-out {curve} of {len(series)} runs.")
    st.caption(NOTE)
    _switching(found, standings)


def _switching(found: Compared, standings: Sequence[Standing]) -> None:
    """A heat map a value, of the first seed that has a film."""
    shown: dict[str, Standing] = {}
    for one in standings:
        frames = one.follower.frames() if one.follower is not None else []
        if len(frames) > 1 and frames[-1].kl_per_dimension is not None:
            shown.setdefault(shown_value(one.run.config.flat()[found.field]), one)
    if not shown:
        return
    tables = {one.run.id: kl_steps_table(_thinned(one)) for one in shown.values()}
    most = max(float(rows["nats"].max()) for rows in tables.values())
    st.markdown("**When dimensions switch on and off**: KL in nats, the steps of the film upwards")
    for start in range(0, min(len(shown), MOST_MAPS), COLUMNS):
        part = list(shown.values())[start : start + COLUMNS]
        for column, one in zip(st.columns(COLUMNS), part, strict=False):
            title = found.title_with_seed(one.run)
            with column:
                st.caption(literal(title))
                static_chart(
                    tables[one.run.id],
                    kl_steps_spec(most),
                    key=f"switching-{one.run.id}",
                    height=HEAT_HEIGHT,
                    alt=f"KL of each dimension over the steps of {title}.",
                )


def _thinned(one: Standing) -> list[Frame]:
    """A film short enough for a small map."""
    frames = one.follower.frames() if one.follower is not None else []
    return frames[:: max(1, len(frames) // MOST_FRAMES)]
