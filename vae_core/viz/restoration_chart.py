"""Quality against the level of the damage, as a plain Vega-Lite specification and its data as one small table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

import pandas as pd

from vae_core.viz.palette import CLASS_COLOURS, LINE_COLOUR

Measure = Literal["psnr", "ssim"]
DAMAGED = "Damaged"
ALONE, WITH_TONE, BOUND = "as it is", "toned", "of the undamaged picture"
TITLES = {"psnr": "PSNR (dB)", "ssim": "SSIM"}
FILTER_COLOURS = CLASS_COLOURS[6:10]


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


@lru_cache(maxsize=64)
def quality_spec(
    models: tuple[str, ...], filters: tuple[str, ...], measure: Measure, level: str, height: int = 320
) -> dict[str, Any]:
    """Quality against level: models bold, filters thin, what a tone correction adds dashed, bounds dotted.

    Args:
        models: their labels.
        filters: their titles.
        measure: which of the two.
        level: the title of the axis.
        height: in pixels.

    Returns:
        One dictionary for all callers; it is not to be changed.
    """
    colours = [CLASS_COLOURS[index % 6] for index in range(len(models))]
    thin = [FILTER_COLOURS[index % len(FILTER_COLOURS)] for index in range(len(filters))]
    legend = {"symbolType": "stroke", "symbolStrokeWidth": 3, "labelLimit": 220}
    colour = {
        "field": "method",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [*models, DAMAGED, *filters], "range": [*colours, LINE_COLOUR, *thin]},
        "legend": {**legend, "orient": "bottom", "columns": 3},
    }
    dash = {
        "field": "variant",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [ALONE, WITH_TONE, BOUND], "range": [[1, 0], [6, 3], [1, 4]]},
        "legend": None,
    }
    tooltip = [
        {"field": "method", "type": "nominal"},
        {"field": "variant", "type": "nominal", "title": "what"},
        {"field": "level", "type": "quantitative", "title": "level", "format": ".3~f"},
        {
            "field": measure,
            "type": "quantitative",
            "title": TITLES[measure],
            "format": ".2f" if measure == "psnr" else ".3f",
        },
    ]
    encoding = {
        "x": {"field": "level", "type": "quantitative", "title": level},
        "y": {"field": measure, "type": "quantitative", "title": TITLES[measure], "scale": {"zero": False}},
        "color": colour,
        "strokeDash": dash,
        "tooltip": tooltip,
    }
    bold = {"field": "method", "oneOf": list(models)}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "height": height,
        "encoding": encoding,
        "layer": [
            {"transform": [{"filter": {"not": bold}}], "mark": {"type": "line", "strokeWidth": 1.3}},
            {"transform": [{"filter": bold}], "mark": {"type": "line", "strokeWidth": 3, "point": {"size": 30}}},
        ],
    }
