"""Novelty detection: the reconstruction error as a detector of images unlike those a model was trained on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from pages.common.components.canvas import canvas
from pages.common.errors import literal, show_errors
from pages.common.image_input import TYPES
from pages.learn.figures import dataset, figures, model, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import choose_image, handled_chart, tiles
from vae_core.data.pictures import centred, prepare
from vae_core.evaluation.codes import decode_images, encode
from vae_core.metrics.novelty import KINDS, Detection, detect, share_above, unknown_images
from vae_core.types import Array
from vae_core.viz.plot import Axis, Handle, Panel, Series, finite_series, histograms

CLOTHES = "clothes"
KNOWN, UNKNOWN = "digits (known)", "unknown"
SOURCES = ("a digit", "an unknown one", "drawn", "uploaded")
HEIGHT = 270
THRESHOLDS = [step / 2000 for step in range(1, 121)]
SHAPE = (1, 28, 28)


def draw() -> Shown:
    kind = st.selectbox("Unknown images", (CLOTHES, *KINDS), key="unknown", bind="query-params", width=190)
    threshold = THRESHOLDS[_chart(str(kind))]
    choice, verdict = st.columns([2, 3])
    with choice:
        image = _choose(str(kind))
    if image is not None:
        with verdict:
            _verdict(image, threshold)
    detector = figures("models")["detector"]
    links = (
        Link("generate/page.py", "Give it your own images in Generate", {"trained": detector, "view": "An image"}),
        Link(
            "train/page.py",
            "Train a model on clothes",
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
    return unknown_images(next(each for each in KINDS if each == kind), test_images())


@st.cache_resource(show_spinner=False)
def _errors(kind: str | None) -> Array:
    return encode(model(figures("models")["detector"]).trained, _images(kind)).reconstruction_error


@st.cache_resource(show_spinner=False)
def _detection(kind: str) -> Detection:
    return detect(_errors(None), _errors(kind))


def _chart(kind: str) -> int:
    """Draws the histogram with a draggable threshold and the ROC curve; returns the index of the threshold."""
    known, unknown, detection = _errors(None), _errors(kind), _detection(kind)
    false_alarms, hits = ([share_above(errors, at) for at in THRESHOLDS] for errors in (known, unknown))
    readings = {
        "digits above it: false alarms": [f"{share:.1%}" for share in false_alarms],
        "unknown images above it: detected": [f"{share:.1%}" for share in hits],
        "area under the curve": [f"{detection.auc:.3f}"] * len(THRESHOLDS),
    }
    handle = Handle("threshold t", THRESHOLDS, [f"{at:.4f}" for at in THRESHOLDS], readings)
    panels = [_histogram(known, unknown), _roc(detection, false_alarms, hits)]
    return handled_chart(panels, handle, parameter="threshold", usual="0.0200")


def _histogram(known: Array, unknown: Array) -> Panel:
    alt = (
        f"Histograms of errors: the median is {np.median(known):.4f} for digits and {np.median(unknown):.4f} for unknown "
        "images."
    )
    across, up = Axis("reconstruction error, mean square per pixel", log=10), Axis("share of the images", percent=True)
    return Panel(across, up, histograms({KNOWN: known, UNKNOWN: unknown}), alt, height=HEIGHT, share=3)


def _roc(detection: Detection, false_alarms: list[float], hits: list[float]) -> Panel:
    curve = finite_series(
        f"ROC, area {detection.auc:.3f}",
        "line",
        zip(detection.false_alarms.tolist(), detection.detections.tolist(), strict=True),
    )
    chance = finite_series("chance", "line", [(0.0, 0.0), (1.0, 1.0)])
    here = Series(curve.name, "dots", false_alarms, hits)
    alt = f"ROC curve with an area of {detection.auc:.3f}."
    across, up = Axis("false alarms", percent=True), Axis("detected", percent=True)
    return Panel(across, up, (curve, chance), alt, follows=(here,), height=HEIGHT, share=2)


def _choose(kind: str) -> Array | None:
    """Draws the choice of an image and returns it, (1, 28, 28) uint8, or None if there is none yet."""
    source = st.segmented_control(
        "Classify", SOURCES, default=SOURCES[1], required=True, key="look", bind="query-params"
    )
    ways: dict[str, Callable[[], Array | None]] = {
        SOURCES[0]: lambda: test_images()[choose_image()],
        SOURCES[1]: lambda: _images(kind)[choose_image()],
        SOURCES[2]: _drawn,
        SOURCES[3]: _uploaded,
    }
    return ways[str(source)]()


def _drawn() -> Array | None:
    sketch = canvas(
        key="known-canvas",
        size=200,
        label="Draw a letter or a digit",
        help="It is scaled and centred like MNIST's digits.",
    )
    if sketch is None:
        return None
    return centred(np.frombuffer(sketch, dtype=np.uint8).reshape(SHAPE[1:]))[None]


def _uploaded() -> Array | None:
    file = st.file_uploader("A picture", type=TYPES, key="known-upload", help="At most 25 megapixels.")
    if file is None:
        return None
    with show_errors():
        prepared = prepare(file.getvalue(), SHAPE)
        for note in prepared.notes:
            st.caption(literal(note))
        return prepared.image
    return None


def _verdict(image: Array, threshold: float) -> None:
    trained = model(figures("models")["detector"]).trained
    codes = encode(trained, torch.from_numpy(image[None].copy()))
    error = float(codes.reconstruction_error[0])
    copied = decode_images(trained, codes.mean)[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        tiles((image, "the image"), (copied, "its reconstruction"), width=110)
        verdict = "**unknown**" if error > threshold else "**known**"
        st.markdown(f"Error {error:.4f}, threshold {threshold:.4f}: classified as {verdict}.", width=230)


def _numbers() -> dict[str, str]:
    areas: dict[str, float] = figures("novelty")
    names = {"clothes": CLOTHES, "noise": "noise", "upside": "upside down", "faint": "faint", "empty": "empty"}
    return {name: f"{areas[kind]:.3f}" for name, kind in names.items()}
