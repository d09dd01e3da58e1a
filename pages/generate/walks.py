"""Walks through latent space: traversals, the manifold, random samples and interpolations, as pictures and as GIFs."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.errors import show_errors
from pages.common.opened_model import OpenedModel
from pages.common.pictures import picture
from vae_core.evaluation.codes import decode_images, fitted_gaussian, slider_range
from vae_core.types import Array
from vae_core.viz.animation import sequence_gif
from vae_core.viz.grids import mosaic
from vae_core.viz.labels import labelled_grid
from vae_core.viz.walks import interpolate, manifold_grid, random_codes, traversal

KINDS = ("Traversal", "Manifold", "Random", "Between two images")
STEPS = 11
MOST_ROWS = 10
GRID = 16
GIF_SCALE = 8


def walks(model: OpenedModel, z: Array) -> None:
    """Draws the chosen walk; `z` is the code of the sliders, (L,)."""
    kind = st.segmented_control("Walk", KINDS, default=KINDS[0], required=True, key="walk", bind="query-params")
    with show_errors():
        codes, columns, caption = _walk(model, z, str(kind))
        images = decode_images(model.trained, codes)
        picture(images, caption, key=str(kind).split(maxsplit=1)[0].lower(), columns=columns, width=900)
        st.download_button(
            "GIF",
            lambda: _gif(images, _labels(model, codes) if columns == STEPS and kind == "Traversal" else []),
            file_name="walk.gif",
            mime="image/gif",
            icon=":material/movie:",
            key="walk-gif",
            on_click="ignore",
        )


def _labels(model: OpenedModel, codes: Array) -> list[str]:
    """Returns a label per picture of the traversals: the dimension that changes, and its value."""
    moving = np.repeat(model.order[:MOST_ROWS], STEPS)
    return [f"z{dimension + 1} = {code[dimension]:.2f}" for dimension, code in zip(moving, codes, strict=True)]


def _gif(images: Array, labels: list[str]) -> bytes:
    if not labels:
        return sequence_gif([mosaic(image[None], 1, scale=GIF_SCALE) for image in images])
    return sequence_gif(
        [labelled_grid(image[None], [label], 1, GIF_SCALE) for image, label in zip(images, labels, strict=True)]
    )


def _walk(model: OpenedModel, z: Array, kind: str) -> tuple[Array, int, str]:
    """Returns the codes (N, L), the number of columns of their grid, and the caption."""
    if kind == "Traversal":
        return _traversals(model, z)
    if kind == "Manifold":
        return _manifold(model, z)
    if kind == "Random":
        return _random(model)
    return _between(model)


def _traversals(model: OpenedModel, z: Array) -> tuple[Array, int, str]:
    shown = model.order[:MOST_ROWS]
    rows = [traversal(z, dimension, *slider_range(model.codes, dimension), STEPS) for dimension in shown]
    names = ", ".join(f"z{dimension + 1}" for dimension in shown)
    return (
        np.concatenate(rows),
        STEPS,
        f"One row per dimension ({names}), from end to end; the others stay at the sliders' values",
    )


def _manifold(model: OpenedModel, z: Array) -> tuple[Array, int, str]:
    if model.latent < 2:
        return _traversals(model, z)
    axes = (model.order[0], model.order[1])
    ranges = [slider_range(model.codes, axis) for axis in axes]
    caption = (
        f"z{axes[0] + 1} horizontally, z{axes[1] + 1} vertically, over the sliders' ranges; the others stay at the sliders' "
        "values"
    )
    return manifold_grid(z, axes, ranges, GRID), GRID, caption


def _random(model: OpenedModel) -> tuple[Array, int, str]:
    seed = st.number_input("Seed of the samples", 0, None, 0, key="walk_seed", width=160)
    temperature = st.slider("Temperature of the samples", 0.0, 2.0, 1.0, 0.1, key="walk_temperature", width=240)
    mean, scale = (0.0, 1.0) if model.is_vae else fitted_gaussian(model.codes)
    source = "the prior" if model.is_vae else "a Gaussian fitted to the codes (an AE has no prior)"
    if model.prior_warning:
        st.caption(model.prior_warning)
    return random_codes(64, model.latent, int(seed), temperature, mean, scale), 16, f"64 samples from {source}"


def _between(model: OpenedModel) -> tuple[Array, int, str]:
    last = len(model.images) - 1
    with st.container(horizontal=True):
        first = st.number_input("From test image", 0, last, 0, key="from", width=160)
        second = st.number_input("to test image", 0, last, min(1, last), key="to", width=160)
    a, b = model.codes.mean[int(first)], model.codes.mean[int(second)]
    rows = np.concatenate([interpolate(a, b, STEPS, "straight"), interpolate(a, b, STEPS, "spherical")])
    return rows, STEPS, "Interpolations between the two codes: linear above, spherical below"
