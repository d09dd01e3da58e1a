"""The Denoise page: damage and restore an image, watermarks, colourisation, and quality against level."""

from __future__ import annotations

import streamlit as st

from pages.common import query_params
from pages.common.errors import show_errors
from pages.common.glossary import glossary_links
from pages.common.query_params import report_missing
from pages.denoise.colour import colour_view
from pages.denoise.curves import curves_view
from pages.denoise.download import remember_pictures
from pages.denoise.gallery import gallery_style
from pages.denoise.restore import restore_view
from pages.denoise.watermark import watermark_view

PARAMETER = "task"
VIEWS = {
    "Restore": restore_view,
    "Watermark": watermark_view,
    "Colour": colour_view,
    "Against level": curves_view,
}
"""The views, by their names in the URL."""
LABELS = {"Against level": "How well at each level"}


def body() -> None:
    """Draws the page below its title."""
    view = _choose_view()
    gallery_style()
    with st.sidebar:
        glossary_links("PSNR", "Reconstruction")
    remember_pictures([])  # forget those of the previous script run
    with show_errors():
        VIEWS[view]()


def _choose_view() -> str:
    """Draws the choice of a view. It is not bound to the URL, which would then hold the label and not the name."""
    first = next(iter(VIEWS))
    report_missing(PARAMETER, "view", VIEWS, first)
    query_params.read_into_widget(PARAMETER, "", PARAMETER, first, lambda text: (text if text in VIEWS else first, []))
    view = st.segmented_control(
        "View", list(VIEWS), default=st.session_state[PARAMETER], required=True, key=PARAMETER,
        format_func=lambda name: LABELS.get(name, name), label_visibility="collapsed",
    )  # fmt: skip
    query_params.write(PARAMETER, "", None if view == first else str(view))
    return str(view)
