"""A single image through the model: its posterior, its reconstruction, samples of it, its neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.common.address import check_index, say_missing
from pages.common.errors import literal
from pages.common.image_input import drawn_image, uploaded_image
from pages.common.latent_code import wish
from pages.common.opened_model import OpenedModel
from pages.common.pictures import picture
from vae_core.evaluation.codes import Codes, decode_images, encode, nearest
from vae_core.types import Array
from vae_core.viz.walks import random_codes

SOURCES = ("Test image", "Draw", "Upload")
SAMPLES = 8
ROW_HEIGHT = 35


def single_image(model: OpenedModel) -> Array | None:
    """Lets the person choose an image, (1, C, H, W) uint8; None before there is one."""
    say_missing("source", "kind of image", SOURCES, SOURCES[0])
    source = st.segmented_control(
        "Image", SOURCES, default=SOURCES[0], required=True, key="source", bind="query-params"
    )
    if source == "Test image":
        return _test_image(model)
    return drawn_image(model) if source == "Draw" else uploaded_image(model)


def _test_image(model: OpenedModel) -> Array:
    last = len(model.images) - 1
    check_index("test", "test image", last, 0)
    index = st.number_input(f"Number, 0 to {last}", 0, last, 0, key="test", bind="query-params", width=160)
    label = model.dataset.classes[int(model.labels[int(index)])]
    st.caption(literal(f"A test image of class {label}; the model has never trained on it."))
    image: Array = model.images[int(index)][None].numpy()
    return image


def posterior_of(model: OpenedModel, image: Array) -> tuple[Array, Array]:
    """Mean and standard deviation, both (L,); an AE's deviation is 0."""
    found = encode(model.trained, torch.from_numpy(np.array(image)))
    return found.mean[0], _deviation(found)[0]


def _deviation(found: Codes) -> Array:
    if found.log_variance is None:
        return np.zeros_like(found.mean)
    deviation: Array = np.exp(0.5 * found.log_variance)
    return deviation


def image_results(model: OpenedModel, image: Array, mean: Array, deviation: Array) -> None:
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


def _table(model: OpenedModel, mean: Array, deviation: Array) -> None:
    names = [f"z{dimension + 1}" for dimension in model.order]
    table = pd.DataFrame({"dimension": names, "mean": mean[model.order]})
    if model.is_vae:
        table["standard deviation"] = deviation[model.order]
    st.dataframe(table, hide_index=True, height=min(260, ROW_HEIGHT * (model.latent + 1) + 3), key="posterior")


def _samples(model: OpenedModel, mean: Array, deviation: Array) -> None:
    if not model.is_vae:
        st.caption("An autoencoder's code is a point: there is nothing to sample.")
        return
    again = st.button("Draw ε again", key="epsilon", icon=":material/casino:")
    st.session_state.draw = st.session_state.get("draw", 0) + int(again)
    codes = random_codes(SAMPLES, model.latent, st.session_state.draw, 1.0, mean, deviation)
    picture(decode_images(model.trained, codes), "Decoded from z = μ + σ ε, eight draws of ε", key="samples")
