"""The colours of classes and curves, for people with and without colour blindness, on light and on dark paper.

The ten were found by a search for the largest smallest distance in OKLab (Ottosson 2020) among them as seen with normal
vision and with simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009), with lightness between 0.5 and
0.815 so that they stand out from both papers. The smallest distance is 0.112; the usual ten of Tableau reach 0.007.
"""

from __future__ import annotations

CLASS_COLOURS = (
    "#59a1fc",
    "#c42914",
    "#0c755b",
    "#acd407",
    "#8363eb",
    "#f2a9a1",
    "#3ed7f0",
    "#9b9a10",
    "#d669b0",
    "#9929a1",
)
"""One colour a class, by label; more than ten classes start again."""

MORE_COLOURS = ("#5400e4", "#901818", "#54486c")
"""Three more, for charts with more than ten lines; found beside the ten by the same measure,
with lightness from 0.42. The smallest distance among all thirteen is 0.091."""

NO_CLASS = "#8a8f98"
"""Points without a label."""

CURVE_COLOURS = {"total": "#8363eb", "reconstruction": "#59a1fc", "KL": "#d9822b"}
"""One colour a curve of the loss chart."""

LINE_COLOUR = "#8a8f98"
"""Reference lines."""
