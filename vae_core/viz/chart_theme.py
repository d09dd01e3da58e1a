"""The theme of the static charts, and the decorator that builds their specifications.

Altair builds a chart once per set of options. The chart's rows are sent separately, as the data set `ROWS`, so a page that
polls sends new rows with a dictionary that it built before. The font and the colours of text, axes and background are
those of the page's theme, light or dark; Streamlit adds them in the browser.

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
"""Vega-Lite's `config`: the default look of marks and axes."""


def specification(build: Callable[Options, Any]) -> Callable[Options, dict[str, Any]]:
    """Decorates a function that builds an Altair chart from `of_rows`, so that it returns a Vega-Lite specification.

    The specification is built once per set of arguments, which must be hashable. All callers share the dictionary and must
    not change it. It holds no data: a page adds `{"datasets": {ROWS: table}}`.
    """

    @lru_cache(maxsize=64)
    @wraps(build)
    def built(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**build(*args, **kwargs).to_dict(), "config": THEME}

    return cast(Callable[Options, dict[str, Any]], built)


@lru_cache(maxsize=1)
def of_rows() -> alt.Chart:
    """A chart of the rows that a page will add. It is a single object, so that layers made from it share their data."""
    import altair as alt

    return alt.Chart(alt.NamedData(ROWS))


def of_kind(kind: str) -> alt.Chart:
    """A chart of the rows whose column `kind` has this value.

    Use it only if there are such rows: Vega warns of an infinite extent if there are no values.
    """
    import altair as alt

    return of_rows().transform_filter(alt.datum.kind == kind)


def colours(field: str, colours_by_name: Mapping[str, str], **options: Any) -> alt.Color:
    """A colour encoding that gives each name in the column `field` its own colour."""
    import altair as alt

    scale = alt.Scale(domain=list(colours_by_name), range=list(colours_by_name.values()))
    return alt.Color(field, type="nominal", scale=scale, **options)
