"""The KL per dimension as a heat map, over the values that a comparison varies or over the film of one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from vae_core.evaluation.comparison import Point, values_of
from vae_core.evaluation.findings import shown_value
from vae_core.storage.frames import Frame
from vae_core.viz.chart_theme import of_rows, specification
from vae_core.viz.compared_values import title_of


def kl_table(points: Sequence[Point]) -> pd.DataFrame:
    """The KL of each dimension by value, largest first: columns `label`, `dimension` (its rank from 1), `nats`, `n`.

    The dimensions of different runs correspond only by rank, so the mean over the seeds is taken rank by rank.
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
    """When the dimensions of one run switch on and off over its film: columns `step`, `dimension`, `nats`.

    The dimensions are sorted by their KL in the last frame, largest first; `dimension` is the rank there.
    """
    steps = [(frame.step, frame.kl_per_dimension) for frame in frames if frame.kl_per_dimension is not None]
    if not steps:
        return pd.DataFrame([], columns=["step", "dimension", "nats"])
    order = np.argsort(-steps[-1][1], kind="stable")
    rows = [(step, rank, float(kl[index])) for step, kl in steps for rank, index in enumerate(order, start=1)]
    return pd.DataFrame(rows, columns=["step", "dimension", "nats"])


@specification
def kl_spec(labels: tuple[str, ...], field: str = "beta") -> Any:
    """The heat map of a comparison: values of the setting on the vertical axis, ranks of dimensions on the horizontal one.

    Args:
        labels: from `labels_of`.
        field: the setting that is compared.
    """
    import altair as alt

    y = alt.Y("label:O", sort=list(labels), title=title_of(field))
    return _heat_map(y, None, "n:N")


@specification
def kl_steps_spec(most: float | None = None) -> Any:
    """The heat map of a film: steps on the vertical axis, final ranks of dimensions on the horizontal one.

    Args:
        most: nats at the end of the colour scale, if several charts share it; None takes the largest value shown.
    """
    import altair as alt

    y = alt.Y("step:O", sort="descending", title="step")
    return _heat_map(y, most)


def _heat_map(y: Any, most: float | None, *extra_tooltip: str) -> Any:
    import altair as alt

    scale = alt.Scale(scheme="viridis", domainMin=0, domainMax=alt.Undefined if most is None else most)
    tooltip = [y.shorthand.replace(":O", ":N"), "dimension:N", alt.Tooltip("nats:Q", format=".3f"), *extra_tooltip]
    return (
        of_rows()
        .mark_rect()
        .encode(
            alt.X("dimension:O", title="dimension, largest KL first"),
            y,
            alt.Color("nats:Q", title="KL, nats", scale=scale),
            tooltip=tooltip,
        )
    )
