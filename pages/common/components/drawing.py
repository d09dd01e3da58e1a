"""A drawing of our own (SVG) on the page, in the colours of the theme.

`st.html` takes SVG out, and a picture would not follow the theme, so the drawing is set into an inline component.
"""

from __future__ import annotations

import streamlit as st

from pages.common.components.source import source

_CSS = ".drawing { color: var(--st-text-color); font-family: var(--st-font); }"
_COMPONENT = st.components.v2.component(
    "latent_lab_drawing", html='<div class="drawing"></div>', css=_CSS, js=source("drawing.js")
)


def drawing(svg: str, *, key: str) -> None:
    """Puts an SVG picture on the page; `svg` is made by `viz/`, with every text in it escaped."""
    _COMPONENT(key=key, data={"svg": svg})
