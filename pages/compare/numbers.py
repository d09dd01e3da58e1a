"""The figures of a comparison: the findings in sentences, rate against distortion, KL per dimension, active units."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.charts import static_chart
from pages.common.components.chart import chart
from pages.common.errors import literal
from pages.common.glossary import glossary_links
from pages.common.held_out_text import HELD_OUT_PART
from pages.compare.comparison import Comparison, RunSnapshot
from vae_core.evaluation.comparison import Point, Slope, slope_check
from vae_core.evaluation.findings import caption, caption_of_seeds, comparability_warnings
from vae_core.viz.active_units_chart import units_spec, units_table
from vae_core.viz.compared_values import labels_of
from vae_core.viz.kl_heat_map import kl_spec, kl_table
from vae_core.viz.rate_distortion import far_floor, rate_distortion

HEIGHT, HALF = 400, 190
RATE_AND_DISTORTION = (
    "Rate is the KL, the cost of the code; distortion is the reconstruction loss. Lower and further to the left is better. "
    "[Glossary](/learn?lesson=glossary)"
)


def numbers(comparison: Comparison, snapshots: Sequence[RunSnapshot]) -> None:
    """Draws sentences and charts from the figures so far."""
    points = [snapshot.point for snapshot in snapshots if snapshot.point is not None]
    for sentence in comparability_warnings([run.config for run in comparison.runs]):
        st.caption(literal(sentence))
    if not points:
        st.info("Charts appear with the first held-out figures.", icon=":material/hourglass_empty:")
        return
    headline = _headline(comparison, snapshots)
    if headline:
        st.markdown(f"**{literal(headline)}**")
    labels = labels_of(points)
    with st.container(key="top-compare"):
        left, right = st.columns([5, 4])
    with left:
        _rate_distortion(points, comparison)
    with right:
        _dimensions(points, labels, comparison.field)
    final = [point for point in points if point.final]
    if concluded(comparison, snapshots):
        _slopes(comparison, final)


def _headline(comparison: Comparison, snapshots: Sequence[RunSnapshot]) -> str | None:
    """The finding in a sentence; None until each value has a finished run, and if the datasets differ."""
    if len({run.config.flat()["dataset"] for run in comparison.runs}) > 1:
        return None
    final = [snapshot.point for snapshot in snapshots if snapshot.point is not None and snapshot.point.final]
    return caption(final, comparison.field) if concluded(comparison, snapshots) else None


def concluded(comparison: Comparison, snapshots: Sequence[RunSnapshot]) -> bool:
    """Whether each value of the setting that differs has a finished run with figures. Runs that cannot be read, or whose
    figures cannot be computed, are ignored."""
    ready = {
        comparison.value(snapshot.run) for snapshot in snapshots if snapshot.point is not None and snapshot.point.final
    }
    return {comparison.value(snapshot.run) for snapshot in snapshots if not snapshot.problem} <= ready


def _rate_distortion(points: Sequence[Point], comparison: Comparison) -> None:
    if all(point.kl_nats is None for point in points):
        st.caption("Autoencoders have no rate; compare their reconstruction in the table below.")
        return
    is_elbo = not any(run.config.data.corruption for run in comparison.runs)
    alt = "Distortion against rate in nats per image, one dot per run."
    chart([rate_distortion(points, comparison.field, alt=alt, is_elbo=is_elbo, height=HEIGHT)], key="compare-rd")
    glossary_links("Rate", "Distortion", "ELBO", "Active unit")
    training = sum(not point.final for point in points)
    st.caption(RATE_AND_DISTORTION)
    floor = far_floor([point for point in points if point.kl_nats is not None])
    if floor is not None:
        st.caption(f"A perfect reconstruction would have {floor:g} nats, far below this chart.")
    st.caption(
        literal(caption_of_seeds(points))
        + (f" {training} of {len(points)} are still training: their figures use {HELD_OUT_PART}." if training else "")
    )


def _dimensions(points: Sequence[Point], labels: tuple[str, ...], field: str) -> None:
    if not any(point.kl_per_dimension for point in points):
        st.caption("KL per dimension and active units appear with the first frame of a VAE.")
        return
    alt = "KL of each dimension in nats, one line per value."
    static_chart(kl_table(points), kl_spec(labels, field), key="compare-kl", height=HALF + 30, alt=alt)
    alt = "Active units, one dot per run."
    static_chart(units_table(points), units_spec(labels, field), key="compare-units", height=HALF, alt=alt)


def _slopes(comparison: Comparison, points: Sequence[Point]) -> None:
    """Draws whether the runs have converged, judged by the slope between neighbouring betas; only if beta alone differs."""
    if comparison.differing != ("beta",):
        return
    slopes = slope_check(points)
    if not slopes:
        return
    icon, words = _verdict(slopes)
    with st.expander(words, icon=icon):
        st.caption(
            "Each run minimises distortion + β × rate. At the optimum, no other run has a lower value of its objective, so "
            "the slope −ΔD/ΔR between two optima lies between their betas."
        )
        for slope in slopes:
            st.markdown(f"- {literal(str(slope))}")


def _verdict(slopes: Sequence[Slope]) -> tuple[str, str]:
    wrong = [slope for slope in slopes if slope.ok is False]
    known = [slope for slope in slopes if slope.ok is not None]
    if wrong:
        pairs = ", ".join(f"{slope.low:g} and {slope.high:g}" for slope in wrong)
        return ":material/warning:", f"Not fully converged: the slope is wrong between beta {pairs}"
    if not known:
        return ":material/help:", "The rates are too close for the slopes to show whether the runs have converged"
    return (
        ":material/check_circle:",
        f"Converged as far as the slopes show: {len(known)} of {len(slopes)} lie where they should",
    )
