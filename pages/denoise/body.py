"""The Denoise page: damage and restore, watermarks, colours, and all methods against the level."""

from __future__ import annotations

import streamlit as st

from pages.common.address import say_missing
from pages.common.errors import sentences
from pages.common.glossary import glossary_links
from pages.denoise.colour import colour_view
from pages.denoise.curves import curves_view
from pages.denoise.gallery import style
from pages.denoise.restore import restore_view
from pages.denoise.take_away import show
from pages.denoise.watermark import watermark_view

VIEWS = {
    "Restore": restore_view,
    "Watermark": watermark_view,
    "Colour": colour_view,
    "Against level": curves_view,
}


def body() -> None:
    """All of the page below its title."""
    say_missing("task", "view", VIEWS, "Restore")
    view = st.segmented_control(
        "View", list(VIEWS), default="Restore", required=True, key="task", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    style()
    with st.sidebar:
        glossary_links("PSNR", "Reconstruction")
    show([])  # of the run before
    with sentences():
        VIEWS[str(view)]()
