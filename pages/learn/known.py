"""The reconstruction error as a detector of what a model was not trained on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from pages.common.components.canvas import canvas
from pages.common.errors import literal, sentences
from pages.generate.image import TYPES
from pages.learn.figures import dataset, figures, model, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.show import choose_image, tile
from vae_core.data.pictures import centred, prepare
from vae_core.evaluation.codes import decode_images, encode
from vae_core.evaluation.novelty import KINDS, Detection, detect, share_above, unknown_images
from vae_core.storage.arrays import Array
from vae_core.viz.lesson_charts import curve_spec, curve_table, histogram_spec, histogram_table

CLOTHES = "clothes"
KNOWN, UNKNOWN = "digits (known)", "unknown"
SOURCES = ("a digit", "an unknown one", "drawn", "uploaded")
HEIGHT = 270
SHAPE = (1, 28, 28)


def draw() -> Shown:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Unknown images", (CLOTHES, *KINDS), key="unknown", bind="query-params", width=190)
        threshold = float(
            st.slider(
                "Threshold $t$", 0.0, 0.06, 0.02, 0.0005, format="%.4f", key="threshold", bind="query-params", width=420
            )
        )
    known, unknown = _errors(None), _errors(str(kind))
    left, right = st.columns([3, 2])
    with left:
        _histogram(known, unknown, threshold)
    with right:
        _roc(_detection(str(kind)), known, unknown, threshold)
    st.markdown(
        f"Above the threshold: **{share_above(known, threshold):.1%}** of the digits (false alarms) and "
        f"**{share_above(unknown, threshold):.1%}** of the unknown images (found). Area under the curve: "
        f"**{_detection(str(kind)).auc:.3f}**."
    )
    choice, verdict = st.columns([2, 3])
    with choice:
        image = _one(str(kind))
    if image is not None:
        with verdict:
            _verdict(image, threshold)
    detector = figures("models")["detector"]
    links = (
        Link("generate/page.py", "Give it images of your own in Generate", {"trained": detector, "view": "An image"}),
        Link(
            "train/page.py",
            "Train a model of clothes",
            {"model": "ae", "dataset": "fashion-mnist-sample", "latent": "16"},
        ),
    )
    return Shown(links, _numbers())


def _images(kind: str | None) -> Array:
    if kind is None:
        return test_images()
    if kind == CLOTHES:
        clothes: Array = dataset("fashion-mnist-sample").test_images.numpy()
        return clothes
    return unknown_images(next(one for one in KINDS if one == kind), test_images())


@st.cache_resource(show_spinner=False)
def _errors(kind: str | None) -> Array:
    return encode(model(figures("models")["detector"]).trained, _images(kind)).reconstruction_error


@st.cache_resource(show_spinner=False)
def _detection(kind: str) -> Detection:
    return detect(_errors(None), _errors(kind))


def _histogram(known: Array, unknown: Array, threshold: float) -> None:
    series = (KNOWN, UNKNOWN)
    spec = histogram_spec("reconstruction error, mean square per pixel", series, height=HEIGHT)
    table = histogram_table({KNOWN: known, UNKNOWN: unknown}, threshold)
    alt = f"Histograms of errors: the median is {np.median(known):.4f} of digits, {np.median(unknown):.4f} of unknown images."
    st.vega_lite_chart(table, spec, key="histogram", height=HEIGHT, alt=alt)


def _roc(found: Detection, known: Array, unknown: Array, threshold: float) -> None:
    curve, chance = f"ROC, area {found.auc:.3f}", "chance"
    lines = {
        curve: list(zip(found.false_alarms.tolist(), found.found.tolist(), strict=True)),
        chance: [(0.0, 0.0), (1.0, 1.0)],
    }
    point = {curve: [(share_above(known, threshold), share_above(unknown, threshold))]}
    spec = curve_spec("false alarms", "found", (curve, chance), from_zero=True, height=HEIGHT)
    alt = f"ROC curve with an area of {found.auc:.3f}."
    st.vega_lite_chart(curve_table(lines, point), spec, key="roc", height=HEIGHT, alt=alt)


def _one(kind: str) -> Array | None:
    """One image to look at, (1, 28, 28) uint8."""
    source = st.segmented_control(
        "Look at", SOURCES, default=SOURCES[1], required=True, key="look", bind="query-params"
    )
    ways: dict[str, Callable[[], Array | None]] = {
        SOURCES[0]: lambda: test_images()[choose_image()],
        SOURCES[1]: lambda: _images(kind)[choose_image()],
        SOURCES[2]: _drawn,
        SOURCES[3]: _uploaded,
    }
    return ways[str(source)]()


def _drawn() -> Array | None:
    drawn = canvas(
        key="known-canvas", size=200, label="Draw a letter, or a digit", help="It is fitted as MNIST's digits are."
    )
    if drawn is None:
        return None
    return centred(np.frombuffer(drawn, dtype=np.uint8).reshape(SHAPE[1:]))[None]


def _uploaded() -> Array | None:
    file = st.file_uploader("A picture", type=TYPES, key="known-upload", help="At most 25 megapixels.")
    if file is None:
        return None
    with sentences():
        prepared = prepare(file.getvalue(), SHAPE)
        for note in prepared.notes:
            st.caption(literal(note))
        return prepared.image
    return None


def _verdict(image: Array, threshold: float) -> None:
    trained = model(figures("models")["detector"]).trained
    found = encode(trained, torch.from_numpy(image[None].copy()))
    error = float(found.reconstruction_error[0])
    copied = decode_images(trained, found.mean)[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        for picture, caption in ((image, "the image"), (copied, "its reconstruction")):
            tile(picture, caption, width=110)
        verdict = "**unknown**" if error > threshold else "**known**"
        st.markdown(f"Error {error:.4f}, threshold {threshold:.4f}: the detector says {verdict}.", width="content")


def _numbers() -> dict[str, str]:
    known: dict[str, float] = figures("novelty")
    names = {"clothes": CLOTHES, "noise": "noise", "upside": "upside down", "faint": "faint", "empty": "empty"}
    return {name: f"{known[kind]:.3f}" for name, kind in names.items()}
