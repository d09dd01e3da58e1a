"""Pictures on the page: pixels stay crisp, each can be taken away as a PNG."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal
from vae_core.storage.arrays import Array
from vae_core.viz.grids import mosaic, png_bytes

WIDTH = 900


def picture(images: Array, caption: str, *, key: str, columns: int | None = None, width: int = WIDTH) -> None:
    """Images (N, C, H, W) uint8 in a grid about `width` pixels wide, with a button that takes the PNG away.

    Args:
        images: at least one.
        caption: what they are, in words; also the picture's alternative text.
        key: of this place on the page; also the file's name.
        columns: of the grid; left out, all in a row.
        width: of the grid on the page, in pixels.
    """
    across = columns or len(images)
    scale = max(1, width // (across * images.shape[3]))
    png = png_bytes(mosaic(images, across, scale=scale))
    st.image(png, width="content", alt=caption)
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
        )
