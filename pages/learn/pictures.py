"""Elements shared by several lessons: the choice of a test image, captioned pictures, and a chart whose handle's position
is in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from pages.common.components.chart import chart
from pages.common.pictures import image_html
from pages.common.query_params import check_index, read_number, report_missing
from pages.learn.figures import dataset, test_images, test_labels
from vae_core.types import Array
from vae_core.viz.plot import Handle, Panel

TILE, TILE_ROOM = 112, 28


def choose_image(key: str = "image", default: int = 0) -> int:
    """Draws an input for the index of a test image, which is kept in the URL, and returns the index."""
    last = len(test_images()) - 1
    check_index(key, "test image", last, default)
    index = int(st.number_input(f"Test image, 0 to {last}", 0, last, default, key=key, bind="query-params", width=190))
    return index


def handled_chart(panels: Sequence[Panel], handle: Handle, *, parameter: str, usual: str) -> int:
    """Draws a chart with a handle whose position is kept in the URL, and returns the index of its stop.

    Args:
        panels: of the chart.
        handle: what can be dragged.
        parameter: in the URL; also the chart's key.
        usual: text of the default stop.
    """
    start = stop_in_address(parameter, handle, usual)
    at = chart(panels, handle, key=parameter, start=start)
    st.query_params[parameter] = handle.texts[at]
    return at


def stop_in_address(parameter: str, handle: Handle, usual: str) -> int:
    """Returns the index of the stop closest to the value in the URL; if that is invalid, says so and uses `usual`."""
    text = st.query_params.get(parameter, usual)
    wanted = read_number(text, whole=False)
    if wanted is None:
        report_missing(parameter, handle.name, handle.texts, usual)
        wanted = float(usual)
    return min(range(len(handle.stops)), key=lambda at: abs(handle.stops[at] - wanted))


def class_of(index: int) -> str:
    """Returns the class of a test image with its article: a 7, an 8."""
    name = str(dataset().classes[int(test_labels()[index])])
    return f"{'an' if name[0] in '8aeiouAEIOU' else 'a'} {name}"


def tiles(*pictures: tuple[Array, str], width: int = TILE) -> None:
    """Draws images, (1, H, W) uint8, with captions, side by side if there is room.

    All are one element of the page, which a browser renders faster than several.
    """
    figures = (_figure(image[None], words, 1, width, width + TILE_ROOM) for image, words in pictures)
    st.html(f'<div class="tiles">{"".join(figures)}</div>', width="content")


def rows(*pictures: tuple[Array, str], columns: int, width: int = 640) -> None:
    """Draws sets of images, (N, 1, H, W) uint8, in rows of `columns`, one below the other, each with a caption."""
    st.html("".join(_figure(images, words, columns, width) for images, words in pictures))


def _figure(images: Array, words: str, columns: int, width: int, room: int | None = None) -> str:
    """Returns a captioned picture as HTML; `room` is its total width in CSS pixels, or None for the full width."""
    across = f' style="width:{room / 16}rem"' if room else ""
    image = image_html(images, words, columns=columns, width=width)
    return f'<figure class="picture"{across}>{image}<figcaption>{escape(words)}</figcaption></figure>'
