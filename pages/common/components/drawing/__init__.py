"""A drawing of our own (SVG) on the page, in the colours of the theme.

`st.html` takes SVG out, and a picture would not follow the theme, so the drawing is set into an inline component.
"""

from __future__ import annotations

from pages.common.components.bundle import register

_COMPONENT = register(__file__)


def drawing(svg: str, *, key: str) -> None:
    """Puts an SVG picture on the page; `svg` is made by `viz/`, with every text in it escaped."""
    _COMPONENT(key=key, data={"svg": svg})
