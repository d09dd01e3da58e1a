"""Pictures on the page, with crisp pixels and a PNG download."""

from __future__ import annotations

import base64
from html import escape

import streamlit as st

from pages.common.errors import literal
from vae_core.types import Array
from vae_core.viz.grids import mosaic, png_bytes

WIDTH = 900
PNG_SCALE = 4


def image_html(images: Array, alt: str, *, columns: int, width: int) -> str:
    """Images (N, C, H, W) uint8 in a grid of `width` CSS pixels (at the default font size), each pixel a crisp square.

    The picture is embedded in the page: fetched from the server, it would appear a frame or two later.
    """
    source = base64.b64encode(png_bytes(mosaic(images, columns), quick=True)).decode()
    style = f"image-rendering:pixelated;width:{width / 16}rem;max-width:100%;border-radius:4px;display:block"
    return f'<img alt="{escape(alt)}" style="{style}" src="data:image/png;base64,{source}">'


def pixels(images: Array, alt: str, *, columns: int, width: int) -> None:
    """Puts `image_html` on the page."""
    st.html(image_html(images, alt, columns=columns, width=width))


def picture(images: Array, caption: str, *, key: str, columns: int | None = None, width: int = WIDTH) -> None:
    """Draws images (N, C, H, W) uint8 in a grid, with a button that downloads it as PNG.

    Args:
        images: at least one.
        caption: what they show; also the alternative text.
        key: identifies the picture on the page; also the file's name.
        columns: the grid's columns; None puts all images in one row.
        width: the grid's width on the page, in CSS pixels.
    """
    across = columns or len(images)
    pixels(images, caption, columns=across, width=width)

    def png() -> bytes:
        return png_bytes(mosaic(images, across, scale=PNG_SCALE))

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(literal(caption), width="content")
        st.download_button(
            "PNG",
            png,
            file_name=f"{key}.png",
            mime="image/png",
            type="tertiary",
            icon=":material/download:",
            key=f"png-{key}",
            on_click="ignore",
        )
