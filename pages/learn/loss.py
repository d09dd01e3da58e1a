"""Losses between the collapse line and the floor, as a sum and as a mean over pixels."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from pages.learn.figures import dataset, figures, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.show import choose_image, class_of, tile
from vae_core.config import ObjectiveConfig
from vae_core.data.batches import to_float
from vae_core.objectives.likelihoods import HALF_LOG_TWO_PI, Likelihood, build_likelihood
from vae_core.storage.arrays import Array
from vae_core.viz.lesson_charts import curve_spec, curve_table

BCE, SE = "cross-entropy", "half the squared error"
SHARES = torch.linspace(0, 1, 41)
UNITS = ("sum over pixels", "mean over pixels")


def draw() -> Shown:
    known = figures("loss")
    left, right = st.columns([2, 3])
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            index = choose_image()
            share = st.slider(
                "Mix: mean image to copy", 0.0, 1.0, 0.5, 0.025, key="mix", bind="query-params", width=240
            )
        unit = st.segmented_control(
            "The reconstruction term is a", UNITS, default=UNITS[0], required=True, key="reduction", bind="query-params"
        )
        written = st.slider("β as it is written", 0.0, 4.0, 1.0, 0.1, key="written_beta", bind="query-params")
    curves, tiles = _losses(index, float(share))
    per = known["pixels"] if unit == UNITS[1] else 1
    with left:
        beta = _meaning(float(written), per, known)
    with right:
        _chart(curves, float(share), per)
        with st.container(horizontal=True):
            for picture, caption in zip(
                tiles, ("mean image", "prediction", f"target, a {class_of(index)}"), strict=True
            ):
                tile(picture, caption, width=96)
    return Shown(_links(beta), _numbers(known, curves))


@st.cache_resource(show_spinner=False)
def _likelihoods() -> tuple[Likelihood, Likelihood]:
    names = ("bernoulli", "gaussian")
    first, second = (build_likelihood(ObjectiveConfig.model_validate({"likelihood": name})) for name in names)
    return first, second


@st.cache_resource(show_spinner=False)
def _mean_image() -> torch.Tensor:
    return to_float(dataset().train_images).mean(dim=0)


def _losses(index: int, share: float) -> tuple[dict[str, list[float]], list[Array]]:
    """Nats of predictions from the mean image to the target, and three pictures."""
    target = to_float(torch.from_numpy(test_images()[index].copy()))
    mean = _mean_image()
    mixed = mean + SHARES[:, None, None, None] * (target - mean)
    targets = target.expand_as(mixed)
    bernoulli, gaussian = _likelihoods()
    cross_entropy = bernoulli.negative_log_likelihood(bernoulli.output_of(mixed), targets)
    # without the Gaussian's constant, which no prediction changes
    squared = gaussian.negative_log_likelihood(mixed, targets) - HALF_LOG_TWO_PI * target.numel()
    prediction = mean + share * (target - mean)
    tiles = [(255 * picture).round().to(torch.uint8).numpy() for picture in (mean, prediction, target)]
    curves = {
        BCE: cross_entropy.tolist(),
        SE: squared.clamp(min=0).tolist(),
        "floor": bernoulli.floor(target[None]).tolist(),
    }
    return curves, tiles


def _chart(curves: dict[str, list[float]], share: float, per: int) -> None:
    floor = curves["floor"][0] / per
    mixed = {
        name: [(float(at), value / per) for at, value in zip(SHARES, curves[name], strict=True)] for name in (BCE, SE)
    }
    collapse = curves[BCE][0] / per
    level = {name: [(0.0, nats), (1.0, nats)] for name, nats in (("its floor", floor), ("its collapse line", collapse))}
    lines = {BCE: mixed[BCE], **level, SE: mixed[SE]}
    at = int(np.abs(SHARES.numpy() - share).argmin())
    points = {name: [lines[name][at]] for name in (BCE, SE)}
    unit = "nats per image" if per == 1 else "nats per pixel"
    spec = curve_spec("mix: 0 the mean image, 1 a perfect copy", unit, tuple(lines), from_zero=True, height=320)
    here = {name: f"{pair[0][1]:.4g}" for name, pair in points.items()}
    alt = f"At a mix of {share:g}: cross-entropy {here[BCE]}, half the squared error {here[SE]} {unit}."
    st.vega_lite_chart(curve_table(lines, points, {"here": share}), spec, key="losses", height=320, alt=alt)
    st.caption(alt)


def _meaning(written: float, per: int, known: dict[str, float]) -> float:
    """Says what the β that is written really is; it is given back."""
    beta = written * per
    limit = known["collapse_beta"]
    fate = "it has collapsed" if beta > limit else "the code lives"
    times = f" ({written:g} × {per})" if per > 1 else ""
    with st.container(border=True):
        st.markdown(
            f"**β in nats per image: {beta:,.4g}**{times}. A linear model's code carries nothing beyond {limit:.3g}: "
            f"here {fate}."
        )
    return beta


def _links(beta: float) -> tuple[Link, ...]:
    dials = {"beta": f"{min(beta, 1000.0):g}", "likelihood": "bernoulli", "latent": "10", "epochs": "5"}
    return (
        Link("train/page.py", f"Train with this β, {beta:,.4g}", dials),
        Link("generate/page.py", "See the VAE of the figures", {"trained": figures("models")["loss"]}),
    )


def _numbers(known: dict[str, float], curves: dict[str, list[float]]) -> dict[str, str]:
    found = {name: f"{known[name]:.1f}" for name in ("floor", "collapse", "reconstruction", "kl", "collapse_beta")}
    return found | {"pixels": f"{known['pixels']:g}", "image_floor": f"{curves['floor'][0]:.1f}"}
