"""Directions in latent space, and how well a linear classifier separates classes there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.common.errors import show_errors
from pages.common.latent_code import request_code
from pages.common.opened_model import OpenedModel
from pages.common.pictures import picture
from vae_core.errors import ConfigError
from vae_core.evaluation.codes import decode_images
from vae_core.evaluation.probe import Score, probe
from vae_core.metrics.directions import apply, direction
from vae_core.types import Array

STEPS = np.linspace(-2.0, 2.0, 9)
OTHERS = "everything else"


def directions(model: OpenedModel, z: Array) -> None:
    """Draws a slider along a direction, the mean code of one class minus that of another.

    Args:
        model: the model.
        z: (L,), the code that the direction is added to.
    """
    classes = list(model.dataset.classes)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = st.selectbox("Add", classes, index=0, key="add", bind="query-params", width=200)
        minus = st.selectbox("Subtract", [OTHERS, *(name for name in classes if name != of)], key="minus", width=200)
        clicked = st.text_input(
            "Or test images by number, such as 3, 17 - 5", key="groups", width=280,
            help="The mean code of the images before the minus sign, minus that of the images after it.",
        )  # fmt: skip
        strength = st.slider(
            "Strength", -3.0, 3.0, 0.0, 0.1, key="strength", width=240, help="1 adds the whole direction."
        )
    with show_errors():
        towards = _towards(model, of, minus, clicked)
        moved = apply(z, towards, strength)
        picture(decode_images(model.trained, moved[None]), f"z + {strength:g} × direction", key="moved", width=200)
        row = np.stack([apply(z, towards, step) for step in STEPS])
        picture(
            decode_images(model.trained, row),
            "From −2 to 2 times the direction, with the sliders' z in the middle",
            key="direction",
        )
        st.button("Set the sliders to this code", key="take_direction", on_click=request_code, args=(model, moved))


def _towards(model: OpenedModel, of: str, minus: str, clicked: str) -> Array:
    labels = model.labels.numpy()
    if clicked.strip():
        first, _, second = clicked.partition("-")
        return direction(
            model.codes.mean, _numbers(first, len(labels)), _numbers(second, len(labels)) if second.strip() else None
        )
    classes = list(model.dataset.classes)
    other = None if minus == OTHERS else labels == classes.index(minus)
    return direction(model.codes.mean, labels == classes.index(of), other)


def _numbers(text: str, count: int) -> Array:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and int(part) < count for part in parts):
        raise ConfigError(
            f"Give test images as numbers from 0 to {count - 1}, such as 3, 17 - 5, not {text.strip()[:40]!r}."
        )
    return np.array([int(part) for part in parts], dtype=np.int64)


def probe_panel(model: OpenedModel) -> None:
    """Draws the accuracy of linear classifiers on codes, on PCA and on pixels, trained with few labels."""
    st.markdown(
        "**How much of the class is in the code?** A linear classifier is trained on 10, 100 or 1,000 labelled images."
    )
    key = f"probe@{model.run.id}"
    if st.button("Measure", key="probe", help="Takes up to half a minute; changing anything on the page cancels it."):
        bar = st.progress(0.0, "classifying")

        def report(text: str, share: float) -> None:
            bar.progress(min(share, 1.0), text)

        with show_errors():
            st.session_state[key] = probe(model.trained, model.dataset, progress=report)
        bar.empty()
    if key in st.session_state:
        _score_table(st.session_state[key])


def _score_table(scores: list[Score]) -> None:
    rows = [(score.features, score.labels, f"{score.mean:.1%} ± {score.std:.1%}") for score in scores]
    table = pd.DataFrame(rows, columns=["features", "labels", "accuracy"])
    st.dataframe(table.pivot(index="features", columns="labels", values="accuracy"))
    st.caption("Accuracy on held-out images: mean and standard deviation over five random choices of labelled images.")
