"""KL per dimension as a heat map: of the values that a comparison varies, or of one run over its film."""

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
    """KL of each dimension by value, the largest first: columns `label`, `dimension` (its rank from 1 on), `nats`, `n`.

    The dimensions of two runs have nothing in common but their rank, so the mean over the seeds is taken rank by rank.
    """
    found = []
    for value in values_of(points):
        own = [point.kl_per_dimension for point in points if point.value == value and point.kl_per_dimension]
        longest = max(map(len, own), default=0)
        ranked = [sorted(each, reverse=True) + [0.0] * (longest - len(each)) for each in own]
        means = np.mean(ranked, axis=0) if ranked else []
        found += [(shown_value(value), rank, float(nats), len(own)) for rank, nats in enumerate(means, start=1)]
    return pd.DataFrame(found, columns=["label", "dimension", "nats", "n"])


def kl_steps_table(frames: Sequence[Frame]) -> pd.DataFrame:
    """When the dimensions of one run switch on and off: columns `step`, `dimension`, `nats`; a film's frames.

    The dimensions stand in the order of the last frame, the largest first; `dimension` is the rank in it.
    """
    known = [(frame.step, frame.kl_per_dimension) for frame in frames if frame.kl_per_dimension is not None]
    if not known:
        return pd.DataFrame([], columns=["step", "dimension", "nats"])
    order = np.argsort(-known[-1][1], kind="stable")
    found = [(step, rank, float(kl[index])) for step, kl in known for rank, index in enumerate(order, start=1)]
    return pd.DataFrame(found, columns=["step", "dimension", "nats"])


@specification
def kl_spec(labels: tuple[str, ...], field: str = "beta") -> Any:
    """The values of the setting upwards, the dimensions by rank across.

    Args:
        labels: as from `labels_of`.
        field: the setting.
    """
    import altair as alt

    y = alt.Y("label:O", sort=list(labels), title=title_of(field))
    return _heat_map(y, None, "n:N")


@specification
def kl_steps_spec(most: float | None = None) -> Any:
    """The steps of a film upwards, the dimensions by their last rank across.

    Args:
        most: nats at the end of the colours, where several charts share them; None is the largest shown.
    """
    import altair as alt

    y = alt.Y("step:O", sort="descending", title="step")
    return _heat_map(y, most)


def _heat_map(y: Any, most: float | None, *told: str) -> Any:
    import altair as alt

    scale = alt.Scale(scheme="viridis", domainMin=0, domainMax=alt.Undefined if most is None else most)
    tooltip = [y.shorthand.replace(":O", ":N"), "dimension:N", alt.Tooltip("nats:Q", format=".3f"), *told]
    return (
        of_rows()
        .mark_rect()
        .encode(
            alt.X("dimension:O", title="dimension, the largest KL first"),
            y,
            alt.Color("nats:Q", title="KL, nats", scale=scale),
            tooltip=tooltip,
        )
    )
