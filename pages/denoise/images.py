"""The choice of images to restore: a test image, eight in a row, a drawing or an upload."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.common.errors import literal
from pages.common.image_input import drawn_image, uploaded_image
from pages.common.opened_model import OpenedModel
from pages.common.query_params import check_index, report_missing
from vae_core.types import Array

SOURCES = ("Test image", "Eight in a row", "Draw", "Upload")
ROW = 8


@dataclass(frozen=True, eq=False)
class ChosenImages:
    """The images to restore.

    Attributes:
        images: (N, C, H, W) uint8, where N is 1 or `ROW`.
        labels: (N,) int64, or None if they are unknown.
        first: the index of the first image in the test split, or None for other images.
    """

    images: Array
    labels: Array | None = None
    first: int | None = None


def choose_images(model: OpenedModel) -> tuple[ChosenImages | None, DeltaGenerator]:
    """Draws the choice of images.

    Returns:
        The images, or None until there are any; and the container for the results, which is beside the drawing canvas.
    """
    report_missing("picture", "kind of image", SOURCES, SOURCES[0])
    place = st.container(horizontal=True, vertical_alignment="bottom")
    source = place.segmented_control(
        "Image", SOURCES, default=SOURCES[0], required=True, key="picture", bind="query-params"
    )
    if source in SOURCES[:2]:
        with place:
            chosen = _of_test(model, ROW if source == SOURCES[1] else 1)
        return chosen, st.container()
    if source == "Draw":
        with st.container(key="top-draw"):
            left, right = st.columns([2, 5])
        with left:
            image = drawn_image(model)
    else:
        image, right = uploaded_image(model), st.container()
    return None if image is None else ChosenImages(image), right


def _of_test(model: OpenedModel, count: int) -> ChosenImages:
    last = len(model.images) - 1
    check_index("number", "test image", last, 0)
    first = st.number_input(f"Number, 0 to {last}", 0, last, 0, key="number", bind="query-params", width=160)
    rows = (int(first) + np.arange(min(count, last + 1))) % (last + 1)
    labels = model.labels.numpy()[rows]
    names = ", ".join(model.dataset.classes[label] for label in labels)
    st.caption(literal(f"{model.dataset.name}, class {names}; never trained on"), width="content")
    return ChosenImages(model.images.numpy()[rows], labels, int(first))
