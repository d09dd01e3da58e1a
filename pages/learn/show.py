"""What several lessons put on the page: a choice of a test image, and rows of pictures with their words."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal
from pages.generate.show import pixels
from pages.learn.figures import dataset, test_images, test_labels
from vae_core.storage.arrays import Array

TILE = 112


def choose_image(key: str = "image", default: int = 0) -> int:
    """The number of a test image, in the address, with its class below."""
    last = len(test_images()) - 1
    index = int(st.number_input(f"Test image, 0 to {last}", 0, last, default, key=key, bind="query-params", width=190))
    return index


def class_of(index: int) -> str:
    """The name of a test image's class."""
    return str(dataset().classes[int(test_labels()[index])])


def tile(image: Array, caption: str, *, width: int = TILE) -> None:
    """One image (1, H, W) uint8 with words below."""
    with st.container(width=width + 28, gap="xxsmall"):
        pixels(image[None], caption, columns=1, width=width)
        st.caption(literal(caption))


def row(images: Array, caption: str, *, columns: int | None = None, width: int = 640) -> None:
    """Images (N, 1, H, W) uint8 side by side with words below."""
    with st.container(gap="xxsmall"):
        pixels(images, caption, columns=columns or len(images), width=width)
        st.caption(literal(caption))
