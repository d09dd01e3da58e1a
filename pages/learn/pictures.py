"""What several lessons put on the page: a choice of a test image, rows of pictures with their words, and a chart whose
handle is in the address."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from pages.common.address import check_index, read_number, say_missing
from pages.common.components.chart import chart
from pages.common.pictures import image_html
from pages.learn.figures import dataset, test_images, test_labels
from vae_core.types import Array
from vae_core.viz.plot import Handle, Panel

TILE, TILE_ROOM = 112, 28


def choose_image(key: str = "image", default: int = 0) -> int:
    """The number of a test image, in the address, with its class below."""
    last = len(test_images()) - 1
    check_index(key, "test image", last, default)
    index = int(st.number_input(f"Test image, 0 to {last}", 0, last, default, key=key, bind="query-params", width=190))
    return index


def handled_chart(panels: Sequence[Panel], handle: Handle, *, parameter: str, usual: str) -> int:
    """A chart whose handle stands where the address says, or nearest to it; the index of its stop, which the address keeps.

    Args:
        parameter: of the address, and the chart's key.
        usual: text of the stop without a word in the address.
    """
    start = stop_in_address(parameter, handle, usual)
    at = chart(panels, handle, key=parameter, start=start)
    st.query_params[parameter] = handle.texts[at]
    return at


def stop_in_address(parameter: str, handle: Handle, usual: str) -> int:
    """The index of the stop that the address names, or of the nearest; `usual` where it names none, which is said."""
    text = st.query_params.get(parameter, usual)
    wanted = read_number(text, whole=False)
    if wanted is None:
        say_missing(parameter, handle.name, handle.texts, usual)
        wanted = float(usual)
    return min(range(len(handle.stops)), key=lambda at: abs(handle.stops[at] - wanted))


def class_of(index: int) -> str:
    """The name of a test image's class with its article: a 7, an 8."""
    name = str(dataset().classes[int(test_labels()[index])])
    return f"{'an' if name[0] in '8aeiouAEIOU' else 'a'} {name}"


def tiles(*pictures: tuple[Array, str], width: int = TILE) -> None:
    """Images (1, H, W) uint8 with words below each, side by side where there is room.

    All are one element of the page, which a browser draws sooner than several.
    """
    figures = (_figure(image[None], words, 1, width, width + TILE_ROOM) for image, words in pictures)
    st.html(f'<div class="tiles">{"".join(figures)}</div>', width="content")


def rows(*pictures: tuple[Array, str], columns: int, width: int = 640) -> None:
    """Images (N, 1, H, W) uint8 in lines of `columns` with words below each set, one below the other, as one element."""
    st.html("".join(_figure(images, words, columns, width) for images, words in pictures))


def _figure(images: Array, words: str, columns: int, width: int, room: int | None = None) -> str:
    """`room` is what the picture and its words take across, in CSS pixels; without it all that there is."""
    across = f' style="width:{room / 16}rem"' if room else ""
    image = image_html(images, words, columns=columns, width=width)
    return f'<figure class="picture"{across}>{image}<figcaption>{escape(words)}</figcaption></figure>'
