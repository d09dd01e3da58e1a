"""Losses between the collapse line and the floor, as a sum or as a mean over pixels."""

from __future__ import annotations

import streamlit as st
import torch

from pages.common.query_params import check_number
from pages.learn.figures import dataset, figures, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import choose_image, class_of, handled_chart, tiles
from vae_core.data.batches import to_float
from vae_core.objectives.likelihoods import HALF_LOG_TWO_PI, Likelihood, build_likelihood
from vae_core.settings import ObjectiveConfig
from vae_core.types import Array
from vae_core.viz.plot import Axis, Handle, Panel, Series, finite_series

BCE, SE = "cross-entropy", "half the squared error"
SHARES = torch.linspace(0, 1, 41)
UNITS = ("sum over pixels", "mean over pixels")


def draw() -> Shown:
    known = figures("loss")
    left, right = st.columns([2, 3])
    with left:
        index = choose_image()
        unit = st.segmented_control(
            "The reconstruction term is a", UNITS, default=UNITS[0], required=True, key="reduction", bind="query-params"
        )
        check_number("written_beta", "β as written", 1.0, whole=False, low=0.0, high=4.0)
        written = st.slider("β as written", 0.0, 4.0, 1.0, 0.1, key="written_beta", bind="query-params")
    curves = _losses(index)
    per = known["pixels"] if unit == UNITS[1] else 1
    with left:
        beta = _meaning(float(written), per, known)
    with right:
        share = _chart(curves, per)
        captions = ("mean image", "prediction", f"target, {class_of(index)}")
        tiles(*zip(_pictures(index, share), captions, strict=True), width=96)
    return Shown(_links(beta), _numbers(known, curves))


@st.cache_resource(show_spinner=False)
def _likelihoods() -> tuple[Likelihood, Likelihood]:
    names = ("bernoulli", "gaussian")
    first, second = (build_likelihood(ObjectiveConfig.model_validate({"likelihood": name})) for name in names)
    return first, second


@st.cache_resource(show_spinner=False)
def _mean_image() -> torch.Tensor:
    return to_float(dataset().train_images).mean(dim=0)


def _target(index: int) -> torch.Tensor:
    return to_float(torch.from_numpy(test_images()[index].copy()))


def _pictures(index: int, share: float) -> list[Array]:
    """Returns the mean image, the prediction and the target, (1, H, W) uint8 each."""
    mean, target = _mean_image(), _target(index)
    pictures = (mean, mean + share * (target - mean), target)
    return [(255 * picture).round().to(torch.uint8).numpy() for picture in pictures]


def _losses(index: int) -> dict[str, list[float]]:
    """Returns the losses, in nats, of predictions from the mean image to the target."""
    target = _target(index)
    mean = _mean_image()
    mixed = mean + SHARES[:, None, None, None] * (target - mean)
    targets = target.expand_as(mixed)
    bernoulli, gaussian = _likelihoods()
    cross_entropy = bernoulli.negative_log_likelihood(bernoulli.output_of(mixed), targets)
    floor = bernoulli.floor(target[None])
    assert floor is not None  # a Bernoulli has one
    # without the Gaussian's constant, which does not depend on the prediction
    squared = gaussian.negative_log_likelihood(mixed, targets) - HALF_LOG_TWO_PI * target.numel()
    return {
        BCE: cross_entropy.tolist(),
        SE: squared.clamp(min=0).tolist(),
        "floor": floor.tolist(),
    }


def _chart(curves: dict[str, list[float]], per: int) -> float:
    """Draws the chart and returns the mix at its handle."""
    mixes: list[float] = SHARES.tolist()
    floor = curves["floor"][0] / per
    nats = {name: [value / per for value in curves[name]] for name in (BCE, SE)}
    level = {"its floor": floor, "its collapse line": nats[BCE][0]}
    series = (
        Series(BCE, "line", mixes, nats[BCE]),
        *(finite_series(name, "line", [(0.0, value), (1.0, value)]) for name, value in level.items()),
        Series(SE, "line", mixes, nats[SE]),
    )
    follows = tuple(Series(name, "dots", mixes, values) for name, values in nats.items())
    unit = "nats per image" if per == 1 else "nats per pixel"
    readings = {name: [f"{value:.4g} {unit}" for value in values] for name, values in nats.items()}
    alt = f"{BCE} and {SE} from the mean image to a perfect copy, in {unit}"
    across, up = Axis("mix: 0 the mean image, 1 a perfect copy"), Axis(unit, from_zero=True)
    handle = Handle("mix", mixes, [f"{mix:g}" for mix in mixes], readings)
    panel = Panel(across, up, series, alt, follows=follows, height=320)
    return mixes[handled_chart([panel], handle, parameter="mix", usual="0.5")]


def _meaning(written: float, per: int, known: dict[str, float]) -> float:
    """Draws what the written β really is, and returns it."""
    beta = written * per
    limit = known["collapse_beta"]
    fate = "the code has collapsed" if beta > limit else "the code is active"
    times = f" ({written:g} × {per})" if per > 1 else ""
    with st.container(border=True):
        st.markdown(
            f"**β against the sum over pixels: {beta:,.4g}**{times}. "
            f"A linear model's code carries no information beyond {limit:.3g}: "
            f"here {fate}."
        )
    return beta


def _links(beta: float) -> tuple[Link, ...]:
    settings = {"beta": f"{min(beta, 1000.0):g}", "likelihood": "bernoulli", "latent": "10", "epochs": "5"}
    return (
        Link("train/page.py", f"Train with this β, {beta:,.4g}", settings),
        Link("generate/page.py", "See the VAE behind these figures", {"trained": figures("models")["loss"]}),
    )


def _numbers(known: dict[str, float], curves: dict[str, list[float]]) -> dict[str, str]:
    numbers = {name: f"{known[name]:.1f}" for name in ("floor", "collapse", "reconstruction", "kl", "collapse_beta")}
    return numbers | {"pixels": f"{known['pixels']:g}", "image_floor": f"{curves['floor'][0]:.1f}"}
