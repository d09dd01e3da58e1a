"""The quality of restored images against the level of the damage, for models and baselines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pandas as pd

from vae_core.figures import FIGURES
from vae_core.viz.chart_theme import colours, of_rows, specification
from vae_core.viz.palette import CLASS_COLOURS, LINE_COLOUR, MORE_COLOURS

Measure = Literal["psnr", "ssim"]
DAMAGED = "Damaged"
ALONE, WITH_TONE, BOUND = "as it is", "toned", "of the undamaged picture"


def quality_table(rows: Iterable[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    """The data of `quality_spec`, one row per point.

    Args:
        rows: method, variant (`ALONE`, `WITH_TONE` or `BOUND`), level, PSNR in dB, SSIM; numbers that are not finite are
            not drawn.

    Returns:
        Columns `method`, `variant`, `level`, `psnr`, `ssim`.
    """
    table = pd.DataFrame(list(rows), columns=["method", "variant", "level", "psnr", "ssim"])
    return table.astype({"level": "float64", "psnr": "float64", "ssim": "float64"})


def colours_of(models: Sequence[str], filters: Sequence[str]) -> dict[str, str]:
    """The colour of each method: the first six for models, the others for baselines, grey for the damaged images."""
    own = {label: CLASS_COLOURS[index % 6] for index, label in enumerate(models)}
    left = (*CLASS_COLOURS[6:], *MORE_COLOURS)
    others = {title: left[index % len(left)] for index, title in enumerate(filters)}
    return {**own, DAMAGED: LINE_COLOUR, **others}


@specification
def quality_spec(models: tuple[str, ...], filters: tuple[str, ...], measure: Measure, level: str) -> Any:
    """Quality against level: bold lines for models, thin ones for baselines, dashed ones with a tone correction, dotted
    ones for bounds. The page draws the legend, since two charts share it.

    Args:
        models: labels of the models.
        filters: titles of the baselines.
        measure: PSNR or SSIM.
        level: title of the horizontal axis.
    """
    import altair as alt

    figure = FIGURES[measure]
    dashes = alt.Scale(domain=[ALONE, WITH_TONE, BOUND], range=[[1, 0], [6, 3], [1, 4]])
    tooltip: list[Any] = [
        "method:N",
        alt.Tooltip("variant:N", title="what"),
        alt.Tooltip("level:Q", format=".3~f"),
        alt.Tooltip(field=measure, type="quantitative", title=figure.label, format=figure.format),
    ]
    curves = of_rows().encode(
        alt.X("level:Q", title=level, scale=alt.Scale(nice=False)),
        alt.Y(field=measure, type="quantitative", title=figure.label, scale=alt.Scale(zero=False)),
        colours("method", colours_of(models, filters), legend=None),
        alt.StrokeDash("variant:N", scale=dashes, legend=None),
        tooltip=tooltip,
    )
    own = alt.FieldOneOfPredicate("method", list(models))
    thin = curves.transform_filter(~own).mark_line(strokeWidth=1.3, point=alt.OverlayMarkDef(size=8))
    return thin + curves.transform_filter(own).mark_line(strokeWidth=3, point=alt.OverlayMarkDef(size=30))
