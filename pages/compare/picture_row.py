"""A row of the comparison: one picture per column, all of one size, with a button that downloads the row."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st

from pages.common.errors import literal
from vae_core.types import Array
from vae_core.viz.comparison_pictures import sheet
from vae_core.viz.grids import mosaic, png_bytes

GRID = "display:grid;grid-template-columns:repeat({},minmax(0,1fr));gap:0.5rem"
PICTURE = "image-rendering:pixelated;width:100%;max-width:{}px;border-radius:4px;display:block;margin:0 auto"


def picture_row(
    titles: Sequence[str], pictures: Sequence[Array], caption: str, *, key: str, across: int, width: int
) -> None:
    """Draws the row.

    Args:
        titles: the columns' titles.
        pictures: each column's images, (N, C, H, W) uint8.
        caption: what they show; with the column's title it is also the alternative text.
        key: identifies the row on the page; also part of the file name.
        across: images per line in each column.
        width: the largest width of a column's picture, in CSS pixels.
    """
    cells = [_cell(title, images, caption, across, width) for title, images in zip(titles, pictures, strict=True)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(literal(caption), width="content")
        st.download_button(
            "PNG",
            lambda: png_bytes(sheet(titles, pictures, across)),
            file_name=f"compare-{key}.png",
            mime="image/png",
            type="tertiary",
            icon=":material/download:",
            key=f"compare-png-{key}",
            on_click="ignore",
        )
    st.html(f'<div style="{GRID.format(len(cells))}">{"".join(cells)}</div>')


def _cell(title: str, images: Array, caption: str, across: int, width: int) -> str:
    source = _source(images.tobytes(), images.shape, across)
    alt = escape(f"{title}: {caption}", quote=True)
    return f'<img alt="{alt}" style="{PICTURE.format(width)}" src="data:image/png;base64,{source}">'


@lru_cache(maxsize=256)
def _source(content: bytes, shape: tuple[int, ...], across: int) -> str:
    """The picture as base64. Cached, because most of a row stays the same when a slider moves."""
    images = np.frombuffer(content, dtype=np.uint8).reshape(shape)
    return base64.b64encode(png_bytes(mosaic(images, across), quick=True)).decode()
