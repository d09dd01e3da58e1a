"""The posterior of one image as an ellipse, and samples from it."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages.common.components.latent_map import map_scene, map_view
from pages.common.query_params import check_number
from pages.learn.figures import POINTS, Model, dataset, figures, model, test_images, test_labels
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import choose_image, class_of, rows, tiles
from vae_core.evaluation.codes import decode_images
from vae_core.types import Array
from vae_core.viz.walks import random_codes

DRAWS = 12
RAISED = 2.0
HEIGHT = 380


def draw() -> Shown:
    run_id = figures("models")["plane"]["vae"]
    shown = model(run_id)
    left, right = st.columns([2, 3])
    with left, st.container(horizontal=True, vertical_alignment="bottom"):
        index = choose_image()
        st.button("Draw ε again", icon=":material/casino:", key="again", shortcut="e", type="primary", on_click=_again)
    with left:
        check_number("raise", "Add to the log-variance", 0.0, whole=False, low=-6.0, high=6.0)
        raised = st.slider(
            "Add to the log-variance", -6.0, 6.0, 0.0, 0.5, key="raise", bind="query-params",
            help="0 leaves the encoder's own variance; adding 2 multiplies σ by e.",
        )  # fmt: skip
    assert shown.codes.log_variance is not None
    mean, log_variance = shown.codes.mean[index], shown.codes.log_variance[index] + float(raised)
    deviation = np.exp(log_variance / 2)
    epsilon = random_codes(DRAWS, len(mean), int(st.session_state.get("epsilon_seed", 0)))
    drawn = mean + deviation * epsilon
    with left:
        _pictures(shown, index, mean, drawn)
        _table(mean, log_variance, epsilon[0], drawn[0])
    with right:
        _map(shown, mean, deviation, drawn[0])
        pictures = decode_images(shown.trained, drawn)
        rows((pictures, "This sample and eleven more from the same posterior"), columns=DRAWS, width=620)
    z = ",".join(f"{value:.3g}" for value in drawn[0])
    links = (
        Link("generate/page.py", "Open this z in Generate", {"trained": run_id, "z": z}),
        Link("train/page.py", "Watch ellipses form: train it, with samples", {"latent": "2", "points": "samples"}),
    )
    own = ", ".join(f"{value:.2f}" for value in np.exp(shown.codes.log_variance[index] / 2))
    return Shown(links, {"sigma": f"({own})", "factor": f"{math.exp(RAISED / 2):.2f}"})


def _again() -> None:
    st.session_state["epsilon_seed"] = int(st.session_state.get("epsilon_seed", 0)) + 1


def _map(shown: Model, mean: Array, deviation: Array, z: Array) -> None:
    map_scene(
        key="posterior", codes=shown.codes.mean[:POINTS], labels=test_labels()[:POINTS], classes=dataset().classes,
        images=test_images()[:POINTS], decoder=shown.decoder, height=HEIGHT, alt="VAE with two latents",
    )  # fmt: skip
    map_view(
        key="posterior",
        z=z.astype(np.float32),
        axes=(0, 1),
        axis_names=("z1", "z2"),
        prior=True,
        ellipse=(mean, deviation),
    )


def _pictures(shown: Model, index: int, mean: Array, drawn: Array) -> None:
    at_mean, at_z = decode_images(shown.trained, np.stack([mean, drawn[0]]).astype(np.float32))
    image = (test_images()[index], f"x, {class_of(index)}")
    tiles(image, (at_mean, "decoded at μ"), (at_z, "decoded at z"), width=92)


def _table(mean: Array, log_variance: Array, epsilon: Array, z: Array) -> None:
    """Draws the numbers of the formula, one column per dimension; all arrays are (2,)."""
    rows = (("μ", mean), ("ln σ²", log_variance), ("σ", np.exp(log_variance / 2)), ("ε", epsilon), ("z = μ + σ ε", z))
    lines = [f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |" for name, values in rows]
    st.markdown("\n".join(["| | dimension 1 | dimension 2 |", "|---|---|---|", *lines]))
