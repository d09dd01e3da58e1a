"""The theme of the static charts, and the one way to build their specifications.

Altair builds a chart once for each set of options. Its rows travel apart from it, as the data set `ROWS`, so a page that
polls sends new rows and a dictionary that it has already. Colours of text, axes and background, and the font, are those of
the page's theme, light or dark; Streamlit adds them in the browser.

Importing Altair takes about half a second, so the functions that build a chart import it themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from vae_core.viz.palette import LINE_COLOUR

if TYPE_CHECKING:
    import altair as alt

Options = ParamSpec("Options")

ROWS = "rows"
THEME: dict[str, Any] = {
    "axisXDiscrete": {"labelAngle": 0},
    "line": {"strokeWidth": 2},
    "point": {"filled": True, "size": 70, "opacity": 0.85},
    "rule": {"color": LINE_COLOUR, "strokeDash": [5, 4]},
    "text": {"color": LINE_COLOUR, "fontSize": 11},
}
"""Vega-Lite's `config`: what marks and axes look like where a chart does not say otherwise."""


def specification(build: Callable[Options, Any]) -> Callable[Options, dict[str, Any]]:
    """Makes a function that builds an Altair chart, from `of_rows`, return the chart's Vega-Lite specification.

    The specification is built once for each set of arguments, which must be hashable. It is one dictionary for all
    callers, not to be changed, and holds no data: a page adds `{"datasets": {ROWS: table}}`.
    """

    @lru_cache(maxsize=64)
    @wraps(build)
    def built(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**build(*args, **kwargs).to_dict(), "config": THEME}

    return cast(Callable[Options, dict[str, Any]], built)


@lru_cache(maxsize=1)
def of_rows() -> alt.Chart:
    """A chart of the rows that a page will add; one object, so that layers made from it share their data set."""
    import altair as alt

    return alt.Chart(alt.NamedData(ROWS))


def of_kind(kind: str) -> alt.Chart:
    """A chart of the rows whose column `kind` holds this word.

    Draw it only where there are such rows: Vega warns of the infinite extent of no values at all.
    """
    import altair as alt

    return of_rows().transform_filter(alt.datum.kind == kind)


def colours(field: str, colours_by_name: Mapping[str, str], **options: Any) -> alt.Color:
    """The encoding that gives each name in a column its colour."""
    import altair as alt

    scale = alt.Scale(domain=list(colours_by_name), range=list(colours_by_name.values()))
    return alt.Color(field, type="nominal", scale=scale, **options)
