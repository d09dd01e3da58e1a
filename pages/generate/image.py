"""A single image through the model: its posterior, reconstruction, samples and nearest neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.common.errors import literal
from pages.common.image_input import drawn_image, uploaded_image
from pages.common.latent_code import request_code
from pages.common.opened_model import OpenedModel
from pages.common.pictures import picture
from pages.common.query_params import check_index, report_missing
from vae_core.evaluation.codes import Codes, decode_images, encode, nearest
from vae_core.types import Array
from vae_core.viz.walks import random_codes

SOURCES = ("Test image", "Draw", "Upload")
SAMPLES = 8
ROW_HEIGHT = 35


def single_image(model: OpenedModel) -> Array | None:
    """Draws the choice of an image and returns it, (1, C, H, W) uint8, or None if there is none yet."""
    report_missing("source", "kind of image", SOURCES, SOURCES[0])
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
    st.caption(literal(f"A test image of class {label}; the model was not trained on it."))
    image: Array = model.images[int(index)][None].numpy()
    return image


def posterior_of(model: OpenedModel, image: Array) -> tuple[Array, Array]:
    """Returns the posterior's mean and standard deviation, both (L,), for an image (1, C, H, W) uint8.

    The standard deviation of an AE's code is 0.
    """
    codes = encode(model.trained, torch.from_numpy(np.array(image)))
    return codes.mean[0], _deviation(codes)[0]


def _deviation(codes: Codes) -> Array:
    if codes.log_variance is None:
        return np.zeros_like(codes.mean)
    deviation: Array = np.exp(0.5 * codes.log_variance)
    return deviation


def image_results(model: OpenedModel, image: Array, mean: Array, deviation: Array) -> None:
    """Draws an image (1, C, H, W), its reconstruction, its posterior (L,), samples from it, and its neighbours."""
    left, right = st.columns([3, 4])
    with left:
        pair = np.concatenate([image, decode_images(model.trained, mean[None])])
        error = float(np.mean((pair[0] / 255.0 - pair[1] / 255.0) ** 2))
        code = "its posterior's mean" if model.is_vae else "its code"
        caption = f"The image and its reconstruction from {code}; mean squared error per pixel {error:.4f}"
        picture(pair, caption, key="pair", width=280)
        st.button("Set the sliders to this code", key="go_there", on_click=request_code, args=(model, mean))
    with right:
        _table(model, mean, deviation)
    _samples(model, mean, deviation)
    neighbours = nearest(model.codes, mean, SAMPLES)
    names = ", ".join(model.dataset.classes[int(model.labels[index])] for index in neighbours)
    picture(model.images[neighbours].numpy(), f"Nearest test images in latent space: {names}", key="neighbours")


def _table(model: OpenedModel, mean: Array, deviation: Array) -> None:
    names = [f"z{dimension + 1}" for dimension in model.order]
    table = pd.DataFrame({"dimension": names, "mean": mean[model.order]})
    if model.is_vae:
        table["standard deviation"] = deviation[model.order]
    st.dataframe(table, hide_index=True, height=min(260, ROW_HEIGHT * (model.latent + 1) + 3), key="posterior")


def _samples(model: OpenedModel, mean: Array, deviation: Array) -> None:
    if not model.is_vae:
        st.caption("An autoencoder's code is a single point, so there is nothing to sample.")
        return
    again = st.button("Draw ε again", key="epsilon", icon=":material/casino:")
    st.session_state.draw = st.session_state.get("draw", 0) + int(again)
    codes = random_codes(SAMPLES, model.latent, st.session_state.draw, 1.0, mean, deviation)
    picture(decode_images(model.trained, codes), "Decoded from z = μ + σ ε for eight samples of ε", key="samples")
