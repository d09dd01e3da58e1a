"""An SVG drawing on the page, in the colours of the theme.

It is a component because `st.html` removes SVG, and an image would not follow the theme.
"""

from __future__ import annotations

from pages.common.components.bundle import register

_COMPONENT = register(__file__)


def drawing(svg: str, *, key: str) -> None:
    """Puts an SVG drawing on the page. `svg` comes from `vae_core.viz`, which escapes every text in it."""
    _COMPONENT(key=key, data={"svg": svg})
