"""The colours of classes and curves, distinguishable with and without colour blindness, on light and dark backgrounds.

The ten were found by a search that maximises the smallest distance between any two in OKLab (Ottosson 2020), as seen with
normal vision and with simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009). Their lightness lies
between 0.5 and 0.815, so that they stand out from both backgrounds. The smallest distance is 0.112; the common ten of
Tableau reach 0.007.
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
"""One colour per class, by label; they repeat after ten."""

MORE_COLOURS = ("#5400e4", "#901818", "#54486c")
"""Three more, for charts with more than ten lines; found by the same search with the ten fixed, with lightness from 0.42.
The smallest distance among all thirteen is 0.091."""

NO_CLASS = "#8a8f98"
"""The colour of points without a label."""

CURVE_COLOURS = {"total": "#8363eb", "reconstruction": "#59a1fc", "KL": "#d9822b"}
"""One colour per curve of the loss chart."""

LINE_COLOUR = "#8a8f98"
"""The colour of reference lines."""
