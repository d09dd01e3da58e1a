"""Which images are damaged and restored: one of the test images, eight of them, a drawing, an upload."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.common.address import check_index, say_missing
from pages.common.errors import literal
from pages.common.image_input import drawn_image, uploaded_image
from pages.common.opened_model import OpenedModel
from vae_core.types import Array

SOURCES = ("Test image", "Eight in a row", "Draw", "Upload")
ROW = 8


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a person wants to see restored.

    Attributes:
        images: (N, C, H, W) uint8, N of 1 or `ROW`.
        labels: (N,) int64, or None where nobody knows.
        first: the number of the first among the test images, or None.
    """

    images: Array
    labels: Array | None = None
    first: int | None = None


def choose_images(model: OpenedModel) -> tuple[Chosen | None, DeltaGenerator]:
    """Draws the choice: None before there is an image; and the place for what follows, which is beside a canvas."""
    say_missing("picture", "kind of image", SOURCES, SOURCES[0])
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
    return None if image is None else Chosen(image), right


def _of_test(model: OpenedModel, count: int) -> Chosen:
    last = len(model.images) - 1
    check_index("number", "test image", last, 0)
    first = st.number_input(f"Number, 0 to {last}", 0, last, 0, key="number", bind="query-params", width=160)
    rows = (int(first) + np.arange(min(count, last + 1))) % (last + 1)
    labels = model.labels.numpy()[rows]
    names = ", ".join(model.dataset.classes[label] for label in labels)
    st.caption(literal(f"{model.dataset.name}, class {names}; never trained on"), width="content")
    return Chosen(model.images.numpy()[rows], labels, int(first))
