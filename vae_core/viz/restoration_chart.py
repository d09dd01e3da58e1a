"""Quality against the level of the damage, as a plain Vega-Lite specification and its data as one small table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

import pandas as pd

from vae_core.figures import FIGURES
from vae_core.viz.palette import CLASS_COLOURS, LINE_COLOUR, MORE_COLOURS

Measure = Literal["psnr", "ssim"]
DAMAGED = "Damaged"
ALONE, WITH_TONE, BOUND = "as it is", "toned", "of the undamaged picture"


def quality_table(rows: Iterable[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    """What `quality_spec` draws, a row for each point.

    Args:
        rows: method, variant (`ALONE`, `WITH_TONE` or `BOUND`), level, PSNR in dB, SSIM; a number that is not finite draws
            nothing.

    Returns:
        Columns `method`, `variant`, `level`, `psnr`, `ssim`.
    """
    table = pd.DataFrame(list(rows), columns=["method", "variant", "level", "psnr", "ssim"])
    return table.astype({"level": "float64", "psnr": "float64", "ssim": "float64"})


def colours_of(models: Sequence[str], filters: Sequence[str]) -> dict[str, str]:
    """The colour of each method: models in the first six colours, opponents in the others, the damaged images grey."""
    own = {label: CLASS_COLOURS[index % 6] for index, label in enumerate(models)}
    left = (*CLASS_COLOURS[6:], *MORE_COLOURS)
    others = {title: left[index % len(left)] for index, title in enumerate(filters)}
    return {**own, DAMAGED: LINE_COLOUR, **others}


@lru_cache(maxsize=64)
def quality_spec(
    models: tuple[str, ...], filters: tuple[str, ...], measure: Measure, level: str, height: int = 300
) -> dict[str, Any]:
    """Quality against level: models bold, opponents thin, what a tone correction adds dashed, bounds dotted. The legend is
    the page's own, since two charts share it.

    Args:
        models: their labels.
        filters: the opponents' titles.
        measure: which of the two.
        level: the title of the axis.
        height: in pixels.

    Returns:
        One dictionary for all callers; it is not to be changed.
    """
    colours, figure = colours_of(models, filters), FIGURES[measure]
    tooltip = [
        {"field": "method", "type": "nominal"},
        {"field": "variant", "type": "nominal", "title": "what"},
        {"field": "level", "type": "quantitative", "title": "level", "format": ".3~f"},
        {"field": measure, "type": "quantitative", "title": figure.label, "format": figure.format},
    ]
    encoding = {
        "x": {"field": "level", "type": "quantitative", "title": level, "scale": {"nice": False}},
        "y": {"field": measure, "type": "quantitative", "title": figure.label, "scale": {"zero": False}},
        "color": _nominal("method", list(colours), list(colours.values())),
        "strokeDash": _nominal("variant", [ALONE, WITH_TONE, BOUND], [[1, 0], [6, 3], [1, 4]]),
        "tooltip": tooltip,
    }
    bold = {"field": "method", "oneOf": list(models)}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "height": height,
        "encoding": encoding,
        "layer": [
            {
                "transform": [{"filter": {"not": bold}}],
                "mark": {"type": "line", "strokeWidth": 1.3, "point": {"size": 8}},
            },
            {"transform": [{"filter": bold}], "mark": {"type": "line", "strokeWidth": 3, "point": {"size": 30}}},
        ],
    }


def _nominal(field: str, domain: list[str], values: list[Any]) -> dict[str, Any]:
    return {"field": field, "type": "nominal", "scale": {"domain": domain, "range": values}, "legend": None}
