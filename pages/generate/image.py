"""A single image through the model: its posterior, its reconstruction, samples of it, its neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.common.address import check_index, say_missing
from pages.common.components.canvas import canvas
from pages.common.errors import literal, sentences
from pages.generate.latent import wish
from pages.generate.model import Explored
from pages.generate.show import picture
from vae_core.data.pictures import Prepared, centred, prepare
from vae_core.evaluation.codes import Codes, decode_images, encode, nearest
from vae_core.evaluation.polarity import ADVICE, looks_inverted
from vae_core.types import Array
from vae_core.viz.walks import random_codes

SOURCES = ("Test image", "Draw", "Upload")
SAMPLES = 8
ROW_HEIGHT = 35
TYPES = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff"]


def single_image(model: Explored) -> Array | None:
    """Lets the person choose an image, (1, C, H, W) uint8; None before there is one."""
    say_missing("source", "kind of image", SOURCES, SOURCES[0])
    source = st.segmented_control(
        "Image", SOURCES, default=SOURCES[0], required=True, key="source", bind="query-params"
    )
    if source == "Test image":
        return _test_image(model)
    return drawn_image(model) if source == "Draw" else uploaded_image(model)


def _test_image(model: Explored) -> Array:
    last = len(model.images) - 1
    check_index("test", "test image", last, 0)
    index = st.number_input(f"Number, 0 to {last}", 0, last, 0, key="test", bind="query-params", width=160)
    label = model.dataset.classes[int(model.labels[int(index)])]
    st.caption(literal(f"A test image of class {label}; the model has never trained on it."))
    image: Array = model.images[int(index)][None].numpy()
    return image


def drawn_image(model: Explored) -> Array | None:
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


def uploaded_image(model: Explored) -> Array | None:
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


def posterior_of(model: Explored, image: Array) -> tuple[Array, Array]:
    """Mean and standard deviation, both (L,); an AE's deviation is 0."""
    found = encode(model.trained, torch.from_numpy(np.array(image)))
    return found.mean[0], _deviation(found)[0]


def _deviation(found: Codes) -> Array:
    if found.log_variance is None:
        return np.zeros_like(found.mean)
    deviation: Array = np.exp(0.5 * found.log_variance)
    return deviation


def image_results(model: Explored, image: Array, mean: Array, deviation: Array) -> None:
    """What the model makes of the image."""
    left, right = st.columns([3, 4])
    with left:
        pair = np.concatenate([image, decode_images(model.trained, mean[None])])
        error = float(np.mean((pair[0] / 255.0 - pair[1] / 255.0) ** 2))
        code = "its posterior's mean" if model.is_vae else "its code"
        caption = f"The image, and decoded from {code}; mean squared error per pixel {error:.4f}"
        picture(pair, caption, key="pair", width=280)
        st.button("Set the sliders to it", key="go_there", on_click=wish, args=(model, mean))
    with right:
        _table(model, mean, deviation)
    _samples(model, mean, deviation)
    found = nearest(model.codes, mean, SAMPLES)
    names = ", ".join(model.dataset.classes[int(model.labels[index])] for index in found)
    picture(model.images[found].numpy(), f"Nearest test images in latent space: {names}", key="neighbours")


def _table(model: Explored, mean: Array, deviation: Array) -> None:
    names = [f"z{dimension + 1}" for dimension in model.order]
    table = pd.DataFrame({"dimension": names, "mean": mean[model.order]})
    if model.is_vae:
        table["standard deviation"] = deviation[model.order]
    st.dataframe(table, hide_index=True, height=min(260, ROW_HEIGHT * (model.latent + 1) + 3), key="posterior")


def _samples(model: Explored, mean: Array, deviation: Array) -> None:
    if not model.is_vae:
        st.caption("An autoencoder's code is a point: there is nothing to sample.")
        return
    again = st.button("Draw ε again", key="epsilon", icon=":material/casino:")
    st.session_state.draw = st.session_state.get("draw", 0) + int(again)
    codes = random_codes(SAMPLES, model.latent, st.session_state.draw, 1.0, mean, deviation)
    picture(decode_images(model.trained, codes), "Decoded from z = μ + σ ε, eight draws of ε", key="samples")
