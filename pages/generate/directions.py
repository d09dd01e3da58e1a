"""Directions in latent space, and whether classes can be told apart there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.common.errors import sentences
from pages.common.latent_code import wish
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
    """A class's mean code minus that of another, as a slider: add 'sandal', take away 'tilt'."""
    classes = list(model.dataset.classes)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = st.selectbox("Add", classes, index=0, key="add", bind="query-params", width=200)
        minus = st.selectbox("take away", [OTHERS, *(name for name in classes if name != of)], key="minus", width=200)
        clicked = st.text_input(
            "or test images by number, such as 3, 17 - 5", key="groups", width=280,
            help="The mean code of the numbers before the minus sign, less that of the numbers behind it.",
        )  # fmt: skip
        strength = st.slider("Strength", -3.0, 3.0, 0.0, 0.1, key="strength", width=240, help="1 adds it whole.")
    with sentences():
        towards = _towards(model, of, minus, clicked)
        moved = apply(z, towards, strength)
        picture(decode_images(model.trained, moved[None]), f"z + {strength:g} × direction", key="moved", width=200)
        row = np.stack([apply(z, towards, step) for step in STEPS])
        picture(
            decode_images(model.trained, row),
            "From −2 to 2 times the direction; the sliders' z in the middle",
            key="direction",
        )
        st.button("Set the sliders to it", key="take_direction", on_click=wish, args=(model, moved))


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
            f"Name test images by numbers from 0 to {count - 1}, such as 3, 17 - 5, not {text.strip()[:40]!r}."
        )
    return np.array([int(part) for part in parts], dtype=np.int64)


def probe_panel(model: OpenedModel) -> None:
    """Features without labels: a linear classifier on codes, on PCA and on pixels, with few labels."""
    st.markdown("**How much of the class is in the code?** A linear classifier sees 10, 100 or 1,000 labelled images.")
    key = f"probe@{model.run.id}"
    if st.button("Measure", key="probe", help="Takes up to half a minute; changing anything on the page stops it."):
        bar = st.progress(0.0, "classifying")

        def report(text: str, share: float) -> None:
            bar.progress(min(share, 1.0), text)

        with sentences():
            st.session_state[key] = probe(model.trained, model.dataset, progress=report)
        bar.empty()
    if key in st.session_state:
        _score_table(st.session_state[key])


def _score_table(scores: list[Score]) -> None:
    rows = [(score.features, score.labels, f"{score.mean:.1%} ± {score.std:.1%}") for score in scores]
    table = pd.DataFrame(rows, columns=["features", "labels", "accuracy"])
    st.dataframe(table.pivot(index="features", columns="labels", values="accuracy"))
    st.caption("Accuracy on held-out images, mean and standard deviation over five draws of the labelled images.")
