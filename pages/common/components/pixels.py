"""Images as crisp pixels, drawn in the browser from their bytes."""

from __future__ import annotations

import streamlit as st

from pages.common.components.source import source
from vae_core.storage.arrays import Array
from vae_core.storage.blocks import pack_blocks

_CSS = ".pixels canvas { image-rendering: pixelated; max-width: 100%; border-radius: 4px; display: block; }"
_COMPONENT = st.components.v2.component(
    "latent_lab_pixels",
    html='<div class="pixels"><canvas role="img"></canvas></div>',
    css=_CSS,
    js=source("stage_frames.js", "pixels.js"),
)


def pixels(images: Array, *, key: str, columns: int, width: int, alt: str) -> None:
    """Puts a grid of images on the page.

    Args:
        images: (N, C, H, W) uint8, N at least 1, C 1 or 3.
        key: of this place on the page.
        columns: of the grid.
        width: in CSS pixels; narrower where there is less room.
        alt: what they are, in words.
    """
    header = {"shape": list(images.shape), "columns": columns, "width": width, "alt": alt}
    _COMPONENT(key=key, data=pack_blocks(header, {"images": images}))
