"""A row of the comparison: a picture a column, all of one size, with a button that takes the row away."""

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


def row(titles: Sequence[str], pictures: Sequence[Array], caption: str, *, key: str, across: int, width: int) -> None:
    """Draws the row.

    Args:
        titles: of the columns.
        pictures: (N, C, H, W) uint8 of each column.
        caption: what they are; with a title it is the alternative text of a picture.
        key: of this place on the page; also the file's name.
        across: images a line in each column.
        width: of a column's picture in CSS pixels; it is narrower where there is less room.
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
    """The picture as the page holds it; most of a row stays as it was when a slider moves."""
    images = np.frombuffer(content, dtype=np.uint8).reshape(shape)
    return base64.b64encode(png_bytes(mosaic(images, across), quick=True)).decode()
