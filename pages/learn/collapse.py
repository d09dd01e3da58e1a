"""Which dimensions of a linear VAE are active at which beta: prediction, trained models, and the reconstruction."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import torch

from pages.learn.figures import dataset, figures, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import choose_image, class_of, handled_chart, tiles
from vae_core.data.batches import to_float
from vae_core.metrics.latents import Pca
from vae_core.metrics.linear_vae import LinearVae
from vae_core.types import Array
from vae_core.viz.plot import Axis, Frame, Handle, Panel, bars, finite_series

PREDICTED, TRAINED, BERNOULLI = "predicted", "trained", "predicted, Bernoulli"
BETAS = np.geomspace(0.5, 40, 240)
STOPS = [tenth / 10 for tenth in range(5, 71)]
HEIGHT = 300


def draw() -> Shown:
    known = figures("collapse")
    index = choose_image()
    chart, pictures = st.columns([10, 2])
    with chart:
        beta = STOPS[_chart(known)]
    nearest = _nearest(known, beta)
    with pictures:
        _image(beta, index)
    settings = {
        "hidden": "none",
        "likelihood": "gaussian",
        "beta": f"{beta:g}",
        "latent": str(known["latents"]),
        "lr": "0.002",
    }
    links = (
        Link("train/page.py", "Train this linear VAE", settings),
        Link("generate/page.py", f"Open the trained one at β = {nearest['beta']:g}", {"trained": nearest["run"]}),
    )
    return Shown(links, _numbers(known))


def _nearest(known: dict[str, Any], beta: float) -> dict[str, Any]:
    """Returns the trained model whose beta is closest to this one."""
    nearest: dict[str, Any] = min(known["models"], key=lambda model: abs(model["beta"] - beta))
    return nearest


def _chart(known: dict[str, Any]) -> int:
    """Draws the chart and returns the index of the handle's beta."""
    alive = [_kept(known, "gaussian", beta) for beta in STOPS]
    readings = {"active dimensions of a linear VAE with a Gaussian likelihood of σ = 1": [f"{n}" for n in alive]}
    handle = Handle("β", STOPS, [f"{beta:g}" for beta in STOPS], readings)
    return handled_chart([_alive(known), _bars(known)], handle, parameter="beta_linear", usual="2")


def _kept(known: dict[str, Any], likelihood: str, beta: float) -> int:
    """Returns the number of the model's dimensions that are active at this beta."""
    return int(min(sum(value > beta for value in known[likelihood]), known["latents"]))


def _alive(known: dict[str, Any]) -> Panel:
    series = [
        finite_series(name, "steps", [(at, _kept(known, key, at)) for at in BETAS])
        for name, key in ((PREDICTED, "gaussian"), (BERNOULLI, "bernoulli"))
    ]
    trained = finite_series(TRAINED, "dots", [(model["beta"], model["kept"]) for model in known["models"]])
    counts = ", ".join(f"{count:g} at {at:g}" for at, count in zip(trained.x, trained.y, strict=True))
    up = Axis(f"active dimensions, of {known['latents']}", from_zero=True)
    alt = f"Active dimensions against beta; trained: {counts}"
    return Panel(Axis("β", log=10), up, (series[0], trained, series[1]), alt, height=HEIGHT)


def _bars(known: dict[str, Any]) -> Panel:
    """Returns a panel with the KL of each dimension of every trained model; that of the closest beta is shown."""
    shown = 12
    frames = tuple(
        Frame(
            f"dimension, at β = {model['beta']:g} (closest one trained)",
            (
                bars("predicted", model["predicted_kl_per_dimension"][:shown]),
                bars("trained", model["kl_per_dimension"][:shown]),
            ),
        )
        for model in known["models"]
    )
    frame_of = [known["models"].index(_nearest(known, beta)) for beta in STOPS]
    alt = "KL per dimension, in total: " + ", ".join(
        f"{model['kl']:.3f} at beta {model['beta']:g}, predicted {model['predicted_kl']:.3f}"
        for model in known["models"]
    )
    return Panel(
        Axis("dimension"), Axis("KL, nats per image"), (), alt, frames=frames, frame_of=frame_of, height=HEIGHT
    )


@st.cache_resource(show_spinner=False)
def _theory() -> LinearVae:
    return LinearVae(Pca.fit(dataset().train_images.flatten(1), int(figures("collapse")["latents"])))


def _image(beta: float, index: int) -> None:
    image = test_images()[index]
    row = to_float(torch.from_numpy(image.copy())).flatten()[None]
    pixels: Array = _theory().reconstruct(row, beta).clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
    best = pixels.reshape(image.shape)
    tiles((image, f"x, {class_of(index)}"), (best, f"best linear VAE, β = {beta:g}"), width=110)


def _numbers(known: dict[str, Any]) -> dict[str, str]:
    worst = max(abs(model["kl"] - model["predicted_kl"]) for model in known["models"])
    most = max(known["models"], key=lambda model: model["kept"] - model["predicted_kept"])
    beyond = max(most["kl_per_dimension"][most["predicted_kept"] : most["kept"]], default=0.0)
    return {
        "most_beta": f"{most['beta']:g}", "most_kept": str(most["kept"]), "most_predicted": str(most["predicted_kept"]),
        "most_nats": f"{beyond:.3f}",
        "last_gaussian": f"{known['gaussian'][0]:.2f}", "last_bernoulli": f"{known['bernoulli'][0]:.1f}",
        "worst": f"{worst:.2f}",
    }  # fmt: skip
