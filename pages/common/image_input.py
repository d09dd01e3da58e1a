"""An image drawn or uploaded by the user, prepared for a model."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.components.canvas import canvas
from pages.common.errors import literal, show_errors
from pages.common.opened_model import OpenedModel
from vae_core.data.pictures import Prepared, centred, prepare
from vae_core.evaluation.polarity import ADVICE, looks_inverted
from vae_core.types import Array

TYPES = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff"]


def drawn_image(model: OpenedModel) -> Array | None:
    """Draws the canvas. Returns the drawing, (1, C, H, W) uint8, or None if it is empty."""
    channels, height, width = model.trained.image_shape
    pixels = canvas(
        key="canvas", shape=(height, width), help="White on black, like the digits. Colour models get grey pictures."
    )
    if pixels is None:
        st.caption("Draw something to see what the model makes of it.")
        return None
    grey: Array = np.frombuffer(pixels, dtype=np.uint8).reshape(height, width)
    fit = st.toggle(
        "Fit it like an MNIST digit", value=model.dataset.name.startswith("mnist"), key="fit",
        help="Scales the drawing to 20/28 of the frame and centres it by mass, like every digit of the training images.",
    )  # fmt: skip
    if fit:
        grey = centred(grey)
    return np.repeat(grey[None, None], channels, axis=1)


def uploaded_image(model: OpenedModel) -> Array | None:
    """Draws the upload, and notes on how it was fitted to the model. Returns it as (1, C, H, W) uint8, or None."""
    file = st.file_uploader(
        "A picture", type=TYPES, key="upload", help="At most 25 megapixels. It is fitted to the model."
    )
    if file is None:
        return None
    with show_errors():
        invert = st.toggle(
            "Invert", key="invert", help="Swaps light and dark, for example for black ink on white paper."
        )
        prepared, other_way = (
            _fitted(file.getvalue(), model.trained.image_shape, inverted) for inverted in (invert, not invert)
        )
        if looks_inverted(model.trained, prepared.image, other_way.image):
            words = (
                "With *Invert* on, this picture looks inverted to the model; turn it off."
                if invert
                else f"This picture {ADVICE}. Turn *Invert* on to swap them."
            )
            st.warning(words, icon=":material/invert_colors:")
        for note in prepared.notes:
            st.caption(literal(note))
        return prepared.image[None]
    return None


@st.cache_data(max_entries=16, show_spinner=False)
def _fitted(content: bytes, image_shape: tuple[int, int, int], invert: bool) -> Prepared:
    return prepare(content, image_shape, invert=invert)
