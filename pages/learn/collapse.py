"""Which dimensions of a linear VAE live at which beta: prediction, trained models, and what is left of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import torch

from pages.learn.figures import dataset, figures, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.show import choose_image, class_of, tile
from vae_core.data.batches import to_float
from vae_core.evaluation.latents import Pca
from vae_core.evaluation.linear_vae import LinearVae
from vae_core.storage.arrays import Array
from vae_core.viz.lesson_charts import bar_spec, bar_table, curve_spec, curve_table

PREDICTED, TRAINED, BERNOULLI = "predicted", "trained", "predicted, Bernoulli"
BETAS = np.geomspace(0.5, 40, 240)
HEIGHT = 300


def draw() -> Shown:
    known = figures("collapse")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        beta = float(st.slider("β", 0.5, 7.0, 2.0, 0.1, key="beta_linear", bind="query-params", width=420))
        index = choose_image()
    kept = sum(value > beta for value in known["gaussian"])
    nearest = min(known["models"], key=lambda one: abs(one["beta"] - beta))
    left, right, pictures = st.columns([5, 5, 2])
    with left:
        _alive(known, beta)
    with right:
        _bars(nearest)
    with pictures:
        _image(beta, index)
    st.markdown(f"At β = {beta:g}, **{kept} dimensions live**, of a linear VAE with a Gaussian likelihood of σ = 1.")
    dials = {
        "hidden": "none",
        "likelihood": "gaussian",
        "beta": f"{beta:g}",
        "latent": str(known["latents"]),
        "lr": "0.002",
    }
    links = (
        Link("train/page.py", "Train this linear VAE", dials),
        Link("generate/page.py", f"Open the trained one at β = {nearest['beta']:g}", {"trained": nearest["run"]}),
    )
    return Shown(links, _numbers(known))


def _alive(known: dict[str, Any], beta: float) -> None:
    counted = {
        name: [(float(at), float(sum(value > at for value in known[key]))) for at in BETAS]
        for name, key in ((PREDICTED, "gaussian"), (BERNOULLI, "bernoulli"))
    }
    curves = {name: [(at, min(count, known["latents"])) for at, count in line] for name, line in counted.items()}
    points = {TRAINED: [(one["beta"], float(one["kept"])) for one in known["models"]]}
    series = (PREDICTED, TRAINED, BERNOULLI)
    spec = curve_spec(
        "β", f"dimensions alive, of {known['latents']}", series, log_x=True, stepped=True, from_zero=True, height=HEIGHT
    )
    alt = "Dimensions alive against beta; trained: " + ", ".join(
        f"{count:g} at {at:g}" for at, count in points[TRAINED]
    )
    st.vega_lite_chart(curve_table(curves, points, {"here": beta}), spec, key="alive", height=HEIGHT, alt=alt)


def _bars(nearest: dict[str, Any]) -> None:
    shown = 12
    groups = {
        "predicted": nearest["predicted_kl_per_dimension"][:shown],
        "trained": nearest["kl_per_dimension"][:shown],
    }
    title = f"dimension, at β = {nearest['beta']:g} (nearest that was trained)"
    spec = bar_spec(title, "KL, nats per image", tuple(groups), height=HEIGHT)
    alt = f"KL per dimension at beta {nearest['beta']:g}: in all {nearest['kl']:.3f}, predicted {nearest['predicted_kl']:.3f}."
    st.vega_lite_chart(bar_table(groups), spec, key="kl-bars", height=HEIGHT, alt=alt)


@st.cache_resource(show_spinner=False)
def _theory() -> LinearVae:
    return LinearVae(Pca.fit(dataset().train_images.flatten(1), int(figures("collapse")["latents"])))


def _image(beta: float, index: int) -> None:
    image = test_images()[index]
    row = to_float(torch.from_numpy(image.copy())).flatten()[None]
    pixels: Array = _theory().reconstruct(row, beta).clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
    tile(image, f"x, a {class_of(index)}", width=110)
    tile(pixels.reshape(image.shape), f"best linear VAE, β = {beta:g}", width=110)


def _numbers(known: dict[str, Any]) -> dict[str, str]:
    worst = max(abs(one["kl"] - one["predicted_kl"]) for one in known["models"])
    return {
        "last_gaussian": f"{known['gaussian'][0]:.2f}", "last_bernoulli": f"{known['bernoulli'][0]:.1f}",
        "worst": f"{worst:.2f}",
    }  # fmt: skip
