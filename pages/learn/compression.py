"""Rate against distortion: codes, PCA, JPEG, PNG, and what the decoder weighs."""

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
    through_codes,
    through_jpeg,
)
from vae_core.figures import FIGURES
from vae_core.types import Array
from vae_core.viz.plot import Axis, Panel, drawn

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
    runs = {int(found["latents"]): run_id for run_id, found in known.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        latents = int(st.select_slider("Latents", sorted(runs), 32, key="code", bind="query-params", width=220))
        step = float(
            st.select_slider(
                "Quantiser's step", STEPS, 1.0, key="step", bind="query-params", width=320,
                help="How much of the picture one step may change: root of the squared difference of all pixels.",
            )
        )  # fmt: skip
    run_id = runs[latents]
    found = known[run_id]
    point = next(one for one in found["points"] if one["codec"] == MODEL and one["setting"] == step)
    payback = next(one for one in found["payback"] if one["setting"] == step)
    left, right = st.columns([3, 2])
    with left:
        _chart(found, point)
    with right:
        _pictures(run_id, step, point, found)
        _weight(found, payback)
    links = (
        Link("generate/page.py", "Open this model in Generate", {"trained": run_id}),
        Link("train/page.py", "Train one like it", {"model": "ae", "latent": str(latents), "hidden": "64"}),
    )
    return Shown(links, _numbers(found, latents, point, payback))


def _chart(found: dict[str, Any], point: dict[str, Any]) -> None:
    lines = {
        title: [(one["bits_per_pixel"], one["psnr"]) for one in found["points"] if one["codec"] == codec]
        for codec, title in NAMES.items()
    }
    marks = {
        codec: next(one["bits_per_pixel"] for one in found["points"] if one["codec"] == codec)
        for codec in (PNG, PNG_MOSAIC)
    }
    here = drawn(NAMES[MODEL], "dots", [(point["bits_per_pixel"], point["psnr"])])
    series = (*(drawn(title, "line", line) for title, line in lines.items()), here)
    alt = f"Rate and PSNR; the autoencoder is at {point['bits_per_pixel']:.3f} bits a pixel and {point['psnr']:.1f} dB."
    panel = Panel(Axis("bits a pixel", log=10), Axis(FIGURES["psnr"].label), series, alt, marks, height=HEIGHT)
    chart([panel], key="rates")
    st.caption(
        f"All {found['images']:,} test images. The rate is the ideal code length under histograms of training codes; an "
        "arithmetic coder ends within two bits of it for all images together. PSNR is of the mean squared error over all. "
        f"PCA was fitted to {found['pca_images']:,} training images, as many as the autoencoder saw."
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _arrived(run_id: str, step: float) -> Array:
    data = dataset()
    return through_codes(model(run_id).trained, data.train_images, data.test_images[:SHOWN], step)


def _pictures(run_id: str, step: float, point: dict[str, Any], found: dict[str, Any]) -> None:
    images = test_images()[:SHOWN]
    jpegs = [one for one in found["points"] if one["codec"] == JPEG]
    nearest = min(jpegs, key=lambda one: abs(one["psnr"] - point["psnr"]))
    quality = int(nearest["setting"])

    def cost(one: dict[str, Any]) -> str:
        return f"{one['bits_per_pixel']:.3f} bits a pixel, {one['psnr']:.1f} dB"

    rows(
        (images, "Test images"),
        (_arrived(run_id, step), f"Through the code: {cost(point)}"),
        (through_jpeg(images, quality), f"JPEG of quality {quality}, the nearest in PSNR: {cost(nearest)}"),
        columns=SHOWN, width=420,
    )  # fmt: skip


def _weight(found: dict[str, Any], payback: dict[str, Any]) -> None:
    st.markdown(f"The decoder weighs **{found['decoder_bytes']:,} bytes**{_pays(payback)}.")


def _pays(payback: dict[str, Any]) -> str:
    if payback["images"] is not None:
        return f", which beside the JPEG mosaic pay after **{payback['images']:,} images**"
    if payback["jpeg_bits_per_pixel"] is None:
        return "; JPEG has no quality as low as this, so there is nothing to set it against"
    return ", which never pay: the code is not shorter than the JPEG mosaic"


def _numbers(found: dict[str, Any], latents: int, point: dict[str, Any], payback: dict[str, Any]) -> dict[str, str]:
    of = {codec: [one for one in found["points"] if one["codec"] == codec] for codec in (MODEL, JPEG, PNG_MOSAIC)}
    jpeg = payback["jpeg_bits_per_pixel"]
    finest = max(of[JPEG], key=lambda one: float(one["setting"]))
    return {
        "latents": str(latents),
        "step": f"{point['setting']:g}",
        "rate": f"{point['bits_per_pixel']:.3f}",
        "psnr": f"{point['psnr']:.1f}",
        "jpeg": "which JPEG cannot go down to" if jpeg is None else f"where the JPEG mosaic takes {jpeg:.3f}",
        "ceiling": f"{max(one['psnr'] for one in of[MODEL]):.1f}",
        "jpeg_top": f"{finest['psnr']:.0f}",
        "jpeg_quality": f"{finest['setting']:g}",
        "png": f"{of[PNG_MOSAIC][0]['bits_per_pixel']:.2f}",
        "weight": f"{found['decoder_bytes']:,}",
        "pays": _pays(payback).replace("*", ""),
    }
