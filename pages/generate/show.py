"""Pictures on the page: pixels stay crisp, each can be taken away as a PNG."""

from __future__ import annotations

import base64
from html import escape

import streamlit as st

from pages.common.errors import literal
from vae_core.storage.arrays import Array
from vae_core.viz.grids import mosaic, png_bytes

WIDTH = 900
PNG_SCALE = 4
CAPTION_STYLE = "margin-top:0.35rem;font-size:0.875rem;opacity:0.6"


def pixels(
    images: Array, alt: str, *, columns: int, width: int, captioned: bool = False, room: int | None = None
) -> None:
    """Images (N, C, H, W) uint8 in a grid `width` CSS pixels wide (at letters of the usual size), each pixel a crisp square.

    The picture stands in the page itself: one that is fetched from the server would be there a frame or two later. Its
    words below it, where they are asked for, are part of it: a browser draws one element sooner than two.

    Args:
        captioned: `alt` stands below it too.
        room: what the picture and its words take across, in the same pixels; left out, all that there is.
    """
    source = base64.b64encode(png_bytes(mosaic(images, columns))).decode()
    style = f"image-rendering:pixelated;width:{width / 16}rem;max-width:100%;border-radius:4px;display:block"
    image = f'<img alt="{escape(alt)}" style="{style}" src="data:image/png;base64,{source}">'
    below = f'<figcaption style="{CAPTION_STYLE}">{escape(alt)}</figcaption>' if captioned else ""
    across = f";width:{room / 16}rem" if room else ""
    st.html(f'<figure style="margin:0{across}">{image}{below}</figure>', width="content" if room else "stretch")


def picture(images: Array, caption: str, *, key: str, columns: int | None = None, width: int = WIDTH) -> None:
    """Images (N, C, H, W) uint8 in a grid, with a button that takes the PNG away.

    Args:
        images: at least one.
        caption: what they are, in words; also the picture's alternative text.
        key: of this place on the page; also the file's name.
        columns: of the grid; left out, all in a row.
        width: of the grid on the page, in CSS pixels.
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
