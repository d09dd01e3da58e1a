"""The values of the setting that a comparison varies: their names, and one colour for each in all of its charts."""

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
    """The values' names in their order."""
    return tuple(shown_value(value) for value in values_of(points))


def colour_of(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each value; after ten they repeat."""
    return {label: CLASS_COLOURS[index % len(CLASS_COLOURS)] for index, label in enumerate(labels)}


def value_colours(labels: Sequence[str], field: str) -> alt.Color:
    """The colours as an encoding of the column `label`, with a legend named after the setting."""
    return colours("label", colour_of(labels), title=title_of(field), sort=None)


def title_of(field: str) -> str:
    """The setting's name on an axis or a legend."""
    return field.replace("_", " ")
