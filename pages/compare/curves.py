"""The loss curves of all runs in one chart, and when their latent dimensions become active or inactive."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.charts import static_chart
from pages.common.errors import literal
from pages.common.held_out_text import HELD_OUT_NOTE
from pages.compare.comparison import Comparison, RunSnapshot
from vae_core.evaluation.findings import shown_value
from vae_core.storage.frames import Frame
from vae_core.viz.compared_values import labels_of
from vae_core.viz.kl_heat_map import kl_steps_spec, kl_steps_table
from vae_core.viz.sweep_curves_chart import CURVES, curves_spec, curves_table

HEIGHT, HEAT_HEIGHT = 340, 260
COLUMNS = 3
MOST_POINTS = 2_000
MOST_MAPS, MOST_FRAMES = 8, 24


def curves(comparison: Comparison, snapshots: Sequence[RunSnapshot]) -> None:
    """Draws held-out curves of terms that can be compared across betas; the training loss includes each run's own beta."""
    curve = str(
        st.segmented_control(
            "Curve", list(CURVES), default="negative ELBO", required=True, key="curve", bind="query-params"
        )
    )
    points = [snapshot.point for snapshot in snapshots if snapshot.point is not None]
    series = [
        (
            snapshot.run.config.flat()[comparison.field],
            snapshot.run.config.training.seed,
            snapshot.follower.metrics.held_out.records(),
        )
        for snapshot in snapshots
        if snapshot.follower is not None
    ]
    most = max(2, MOST_POINTS // max(1, len(series)))
    thinned = [(value, seed, records[:: max(1, len(records) // most)]) for value, seed, records in series]
    rows = curves_table(thinned, curve)
    if rows.empty:
        st.info("Curves appear with the first held-out figures.", icon=":material/hourglass_empty:")
        return
    spec = curves_spec(labels_of(points), comparison.field, curve)
    static_chart(rows, spec, key="compare-curves", height=HEIGHT, alt=f"Held-out {curve} of {len(series)} runs.")
    st.caption(HELD_OUT_NOTE)
    _switching(comparison, snapshots)


def _switching(comparison: Comparison, snapshots: Sequence[RunSnapshot]) -> None:
    """Draws one heat map per value, for the first seed that has a film."""
    shown: dict[str, RunSnapshot] = {}
    for snapshot in snapshots:
        frames = snapshot.follower.frames() if snapshot.follower is not None else []
        if len(frames) > 1 and frames[-1].kl_per_dimension is not None:
            shown.setdefault(shown_value(snapshot.run.config.flat()[comparison.field]), snapshot)
    if not shown:
        return
    tables = {snapshot.run.id: kl_steps_table(_thinned(snapshot)) for snapshot in shown.values()}
    most = max(float(rows["nats"].max()) for rows in tables.values())
    st.markdown("**When dimensions become active**: KL in nats; steps run upwards")
    for start in range(0, min(len(shown), MOST_MAPS), COLUMNS):
        part = list(shown.values())[start : start + COLUMNS]
        for column, snapshot in zip(st.columns(COLUMNS), part, strict=False):
            title = comparison.title_with_seed(snapshot.run)
            with column:
                st.caption(literal(title))
                static_chart(
                    tables[snapshot.run.id],
                    kl_steps_spec(most),
                    key=f"switching-{snapshot.run.id}",
                    height=HEAT_HEIGHT,
                    alt=f"KL of each dimension over the steps of {title}.",
                )


def _thinned(snapshot: RunSnapshot) -> list[Frame]:
    """The film's frames, thinned out for a small heat map."""
    frames = snapshot.follower.frames() if snapshot.follower is not None else []
    return frames[:: max(1, len(frames) // MOST_FRAMES)]
