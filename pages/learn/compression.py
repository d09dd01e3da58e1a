"""Rate against distortion for codes, PCA, JPEG and PNG, and the size of the decoder."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.common.components.chart import chart
from pages.learn.figures import dataset, figures, model, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import rows
from vae_core.evaluation.compression import (
    JPEG,
    JPEG_MOSAIC,
    MODEL,
    PCA,
    PNG,
    PNG_MOSAIC,
    STEPS,
    codes_round_trip,
    jpeg_round_trip,
)
from vae_core.figures import FIGURES
from vae_core.types import Array
from vae_core.viz.plot import Axis, Panel, finite_series

NAMES = {
    MODEL: "autoencoder",
    PCA: "PCA, same coder",
    JPEG: "JPEG, each image without headers",
    JPEG_MOSAIC: "JPEG, one mosaic",
}
SHOWN = 10
HEIGHT = 400


def draw() -> Shown:
    known = figures("compression")
    runs = {int(rates["latents"]): run_id for run_id, rates in known.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        latents = int(st.select_slider("Latents", sorted(runs), 32, key="code", bind="query-params", width=220))
        step = float(
            st.select_slider(
                "Quantiser's step", STEPS, 1.0, key="step", bind="query-params", width=320,
                help="How much one step may change the picture: the root of the summed squared difference of all pixels.",
            )
        )  # fmt: skip
    run_id = runs[latents]
    rates = known[run_id]
    point = next(each for each in rates["points"] if each["codec"] == MODEL and each["setting"] == step)
    payback = next(each for each in rates["payback"] if each["setting"] == step)
    left, right = st.columns([3, 2])
    with left:
        _chart(rates, point)
    with right:
        _pictures(run_id, step, point, rates)
        _weight(rates, payback)
    links = (
        Link("generate/page.py", "Open this model in Generate", {"trained": run_id}),
        Link("train/page.py", "Train one like it", {"model": "ae", "latent": str(latents), "hidden": "64"}),
    )
    return Shown(links, _numbers(rates, latents, point, payback))


def _chart(rates: dict[str, Any], point: dict[str, Any]) -> None:
    lines = {
        title: [(each["bits_per_pixel"], each["psnr"]) for each in rates["points"] if each["codec"] == codec]
        for codec, title in NAMES.items()
    }
    marks = {
        codec: next(each["bits_per_pixel"] for each in rates["points"] if each["codec"] == codec)
        for codec in (PNG, PNG_MOSAIC)
    }
    here = finite_series(NAMES[MODEL], "dots", [(point["bits_per_pixel"], point["psnr"])])
    series = (*(finite_series(title, "line", line) for title, line in lines.items()), here)
    alt = (
        f"Rate and PSNR; the autoencoder is at {point['bits_per_pixel']:.3f} bits per pixel and {point['psnr']:.1f} dB."
    )
    panel = Panel(Axis("bits per pixel", log=10), Axis(FIGURES["psnr"].label), series, alt, marks, height=HEIGHT)
    chart([panel], key="rates")
    st.caption(
        f"All {rates['images']:,} test images. The rate is the ideal code length given histograms of training codes; an "
        "arithmetic coder comes within two bits of it for all images together. PSNR is computed from the mean squared error "
        f"over all images. PCA was fitted to {rates['pca_images']:,} training images, as many as the autoencoder."
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _arrived(run_id: str, step: float) -> Array:
    data = dataset()
    return codes_round_trip(model(run_id).trained, data.train_images, data.test_images[:SHOWN], step)


def _pictures(run_id: str, step: float, point: dict[str, Any], rates: dict[str, Any]) -> None:
    images = test_images()[:SHOWN]
    jpegs = [each for each in rates["points"] if each["codec"] == JPEG]
    nearest = min(jpegs, key=lambda each: abs(each["psnr"] - point["psnr"]))
    quality = int(nearest["setting"])

    def cost(each: dict[str, Any]) -> str:
        return f"{each['bits_per_pixel']:.3f} bits per pixel, {each['psnr']:.1f} dB"

    rows(
        (images, "Test images"),
        (_arrived(run_id, step), f"Through the code: {cost(point)}"),
        (jpeg_round_trip(images, quality), f"JPEG of quality {quality}, the closest in PSNR: {cost(nearest)}"),
        columns=SHOWN, width=420,
    )  # fmt: skip


def _weight(rates: dict[str, Any], payback: dict[str, Any]) -> None:
    st.markdown(f"The decoder takes **{rates['decoder_bytes']:,} bytes**{_pays(payback)}.")


def _pays(payback: dict[str, Any]) -> str:
    if payback["images"] is not None:
        return f", which pay off against the JPEG mosaic after **{payback['images']:,} images**"
    if payback["jpeg_bits_per_pixel"] is None:
        return "; JPEG has no quality as low as this, so there is nothing to compare it with"
    return ", which never pay off: the code is no shorter than the JPEG mosaic"


def _numbers(rates: dict[str, Any], latents: int, point: dict[str, Any], payback: dict[str, Any]) -> dict[str, str]:
    of = {codec: [each for each in rates["points"] if each["codec"] == codec] for codec in (MODEL, JPEG, PNG_MOSAIC)}
    jpeg = payback["jpeg_bits_per_pixel"]
    finest = max(of[JPEG], key=lambda each: float(each["setting"]))
    return {
        "latents": str(latents),
        "step": f"{point['setting']:g}",
        "rate": f"{point['bits_per_pixel']:.3f}",
        "psnr": f"{point['psnr']:.1f}",
        "jpeg": "a lower quality than JPEG offers" if jpeg is None else f"where the JPEG mosaic takes {jpeg:.3f}",
        "ceiling": f"{max(each['psnr'] for each in of[MODEL]):.1f}",
        "jpeg_top": f"{finest['psnr']:.0f}",
        "jpeg_quality": f"{finest['setting']:g}",
        "png": f"{of[PNG_MOSAIC][0]['bits_per_pixel']:.2f}",
        "weight": f"{rates['decoder_bytes']:,}",
        "pays": _pays(payback).replace("*", ""),
    }
