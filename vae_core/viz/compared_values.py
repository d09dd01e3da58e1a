"""The values of the setting that a comparison varies: their labels, and one colour per value in all of its charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vae_core.evaluation.comparison import Point, values_of
from vae_core.evaluation.findings import shown_value
from vae_core.viz.chart_theme import colours
from vae_core.viz.palette import CLASS_COLOURS

if TYPE_CHECKING:
    import altair as alt


def labels_of(points: Sequence[Point]) -> tuple[str, ...]:
    """The labels of the values, in order."""
    return tuple(shown_value(value) for value in values_of(points))


def colour_of(labels: Sequence[str]) -> dict[str, str]:
    """A colour per label; they repeat after ten."""
    return {label: CLASS_COLOURS[index % len(CLASS_COLOURS)] for index, label in enumerate(labels)}


def value_colours(labels: Sequence[str], field: str) -> alt.Color:
    """An encoding of the column `label` by these colours, with a legend named after the setting."""
    return colours("label", colour_of(labels), title=title_of(field), sort=None)


def title_of(field: str) -> str:
    """The setting's name on an axis or a legend."""
    return field.replace("_", " ")
