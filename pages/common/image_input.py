"""An image that a person draws or uploads, made ready for a model."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.components.canvas import canvas
from pages.common.errors import literal, sentences
from pages.common.opened_model import OpenedModel
from vae_core.data.pictures import Prepared, centred, prepare
from vae_core.evaluation.polarity import ADVICE, looks_inverted
from vae_core.types import Array

TYPES = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff"]


def drawn_image(model: OpenedModel) -> Array | None:
    """A drawing on the canvas, (1, C, H, W) uint8; None before there is one."""
    channels, height, width = model.trained.image_shape
    pixels = canvas(
        key="canvas", shape=(height, width), help="White on black, as the digits are; grey is repeated in colour."
    )
    if pixels is None:
        st.caption("Draw something to see what the model makes of it.")
        return None
    grey: Array = np.frombuffer(pixels, dtype=np.uint8).reshape(height, width)
    fit = st.toggle(
        "Fit it as MNIST's digits are", value=model.dataset.name.startswith("mnist"), key="fit",
        help="Scaled into 20/28 of the frame and centred by its mass, as every digit of the training images is.",
    )  # fmt: skip
    if fit:
        grey = centred(grey)
    return np.repeat(grey[None, None], channels, axis=1)


def uploaded_image(model: OpenedModel) -> Array | None:
    """An uploaded picture, fitted to the model, and what was done to it: (1, C, H, W) uint8; None where there is none."""
    file = st.file_uploader(
        "A picture", type=TYPES, key="upload", help="At most 25 megapixels; it is fitted to the model."
    )
    if file is None:
        return None
    with sentences():
        invert = st.toggle("Invert", key="invert", help="Swaps light and dark, such as of black ink on white paper.")
        prepared, other_way = (
            _fitted(file.getvalue(), model.trained.image_shape, each) for each in (invert, not invert)
        )
        if looks_inverted(model.trained, prepared.image, other_way.image):
            words = (
                "With *Invert* on this picture looks the wrong way round to the model; turn it off."
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
