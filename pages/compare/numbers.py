"""The numbers of a comparison: what happens, in sentences; rate against distortion; KL per dimension; active units."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.charts import static_chart
from pages.common.components.chart import chart
from pages.common.errors import literal
from pages.common.glossary import glossary_links
from pages.common.held_out import PART
from pages.compare.compared import Compared, Standing
from vae_core.evaluation.comparison import Point, Slope, slope_check
from vae_core.evaluation.findings import caption, caption_of_seeds, comparability_warnings
from vae_core.viz.active_units_chart import units_spec, units_table
from vae_core.viz.compared_values import labels_of
from vae_core.viz.kl_heat_map import kl_spec, kl_table
from vae_core.viz.rate_distortion import far_floor, rate_distortion

HEIGHT, HALF = 400, 190
RATE_AND_DISTORTION = (
    "Rate is the KL, what the code costs; distortion is the reconstruction loss, what is lost: further down and to the "
    "left is better. [The words](/learn?lesson=glossary)"
)


def numbers(found: Compared, standings: Sequence[Standing]) -> None:
    """Draws sentences and charts from what is known so far."""
    points = [one.point for one in standings if one.point is not None]
    for sentence in comparability_warnings([run.config for run in found.runs]):
        st.caption(literal(sentence))
    if not points:
        st.info("The charts begin with the first held-out figures.", icon=":material/hourglass_empty:")
        return
    said = _headline(found, standings)
    if said:
        st.markdown(f"**{literal(said)}**")
    labels = labels_of(points)
    with st.container(key="top-compare"):
        left, right = st.columns([5, 4])
    with left:
        _rate_distortion(points, found)
    with right:
        _dimensions(points, labels, found.field)
    final = [point for point in points if point.final]
    if concluded(found, standings):
        _slopes(found, final)


def _headline(found: Compared, standings: Sequence[Standing]) -> str | None:
    """What the finished runs show, in a sentence; nothing before each value has one, or where the data differ too."""
    if len({run.config.flat()["dataset"] for run in found.runs}) > 1:
        return None
    final = [one.point for one in standings if one.point is not None and one.point.final]
    return caption(final, found.field) if concluded(found, standings) else None


def concluded(found: Compared, standings: Sequence[Standing]) -> bool:
    """Whether each value of the setting that differs has a finished run with its figures; runs that cannot be read, and
    those whose figures cannot be had, are not waited for."""
    ready = {found.value(one.run) for one in standings if one.point is not None and one.point.final}
    return {found.value(one.run) for one in standings if not one.problem} <= ready


def _rate_distortion(points: Sequence[Point], found: Compared) -> None:
    if all(point.kl_nats is None for point in points):
        st.caption("Autoencoders have no rate: they are compared by their reconstruction, in the table below.")
        return
    is_elbo = not any(run.config.data.corruption for run in found.runs)
    alt = "Distortion against rate, nats per image, a dot for each run."
    chart([rate_distortion(points, found.field, alt=alt, is_elbo=is_elbo, height=HEIGHT)], key="compare-rd")
    glossary_links("Rate", "Distortion", "ELBO", "Active unit")
    live = sum(not point.final for point in points)
    st.caption(RATE_AND_DISTORTION)
    floor = far_floor([point for point in points if point.kl_nats is not None])
    if floor is not None:
        st.caption(f"A perfect reconstruction would stand at {floor:g} nats, far below this picture.")
    st.caption(
        literal(caption_of_seeds(points))
        + (f" {live} of {len(points)} still train: their figures are of {PART}." if live else "")
    )


def _dimensions(points: Sequence[Point], labels: tuple[str, ...], field: str) -> None:
    if not any(point.kl_per_dimension for point in points):
        st.caption("KL per dimension and active units come with the first picture of a VAE.")
        return
    alt = "KL of each dimension in nats, a line for each value."
    static_chart(kl_table(points), kl_spec(labels, field), key="compare-kl", height=HALF + 30, alt=alt)
    alt = "Active units, a dot for each run."
    static_chart(units_table(points), units_spec(labels, field), key="compare-units", height=HALF, alt=alt)


def _slopes(found: Compared, points: Sequence[Point]) -> None:
    """Whether the runs are converged, as the slope between neighbouring betas tells; only where beta alone differs."""
    if found.differing != ("beta",):
        return
    slopes = slope_check(points)
    if not slopes:
        return
    icon, words = _verdict(slopes)
    with st.expander(words, icon=icon):
        st.caption(
            "Each run minimises distortion + β × rate. So of two optima neither is better in the other's objective, and "
            "the slope −ΔD/ΔR between them lies between the two betas."
        )
        for slope in slopes:
            st.markdown(f"- {literal(str(slope))}")


def _verdict(slopes: Sequence[Slope]) -> tuple[str, str]:
    wrong = [slope for slope in slopes if slope.ok is False]
    known = [slope for slope in slopes if slope.ok is not None]
    if wrong:
        pairs = ", ".join(f"{slope.low:g} and {slope.high:g}" for slope in wrong)
        return ":material/warning:", f"Not converged everywhere: the slope is wrong between beta {pairs}"
    if not known:
        return ":material/help:", "The rates are too close to tell from the slopes whether the runs are converged"
    return (
        ":material/check_circle:",
        f"Converged, as far as slopes tell: {len(known)} of {len(slopes)} lie where they must",
    )
