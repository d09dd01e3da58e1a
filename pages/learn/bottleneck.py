"""An image through autoencoders of increasing numbers of latents, and through PCA with as many components."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import torch

from pages.common.components.chart import chart
from pages.common.components.drawing import drawing
from pages.learn.figures import figures, linear, model, test_images
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import choose_image, class_of, tiles
from vae_core.data.batches import to_float
from vae_core.evaluation.codes import decode_images
from vae_core.types import Array
from vae_core.viz.network_drawing import network_svg
from vae_core.viz.plot import Axis, Panel, finite_series

AE, LINEAR = "autoencoder", "PCA"
SHOWN_NUMBERS = 8


def draw() -> Shown:
    errors = figures("bottleneck")
    left, right = st.columns([3, 2])
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            latents = int(
                st.select_slider("Latents", errors["latents"], 2, key="latents", bind="query-params", width=300)
            )
            index = choose_image()
        links = _image(latents, index)
    with right:
        _chart(errors, latents)
    return Shown(links, _numbers(errors))


def _image(latents: int, index: int) -> tuple[Link, ...]:
    run_id = f"learn-ae-{latents}"
    shown = model(run_id)
    image, z = test_images()[index], shown.codes.mean[index]
    copied = decode_images(shown.trained, z[None])[0]
    pca_copy = _through_pca(image, latents)
    svg = network_svg(shown.trained.config, shown.trained.image_shape)
    drawing(svg, key="network")
    tiles(
        (image, f"input, {class_of(index)}"),
        (copied, f"autoencoder, error {_error(copied, image):.4f}"),
        (pca_copy, f"PCA, error {_error(pca_copy, image):.4f}"),
        width=130,
    )
    numbers = ", ".join(f"{value:.2f}" for value in z[:SHOWN_NUMBERS]) + (", …" if latents > SHOWN_NUMBERS else "")
    st.caption(f"The code, the only input of the decoder: ({numbers}). Errors are mean squares per pixel.")
    code = ",".join(f"{value:.3g}" for value in z)
    settings = {"model": "ae", "latent": str(latents), "hidden": "64", "batch_size": "256", "lr": "0.002"}
    return (
        Link("generate/page.py", "Open this model and code in Generate", {"trained": run_id, "z": code}),
        Link("train/page.py", "Train one like it", settings),
    )


def _through_pca(image: Array, components: int) -> Array:
    """Returns the reconstruction of an image, (1, H, W) uint8, by PCA; same shape."""
    pca = linear(components)
    row = to_float(torch.from_numpy(image)).flatten()[None]
    pixels = pca.reconstruct(pca.project(row)).clamp(0, 1).mul(255).round().to(torch.uint8)
    copied: Array = pixels.numpy().reshape(image.shape)
    return copied


def _error(image: Array, other: Array) -> float:
    return float(np.square((image.astype(np.float64) - other) / 255).mean())


def _chart(known: dict[str, Any], latents: int) -> None:
    pairs = {name: list(zip(known["latents"], known[key], strict=True)) for name, key in ((AE, "ae"), (LINEAR, "pca"))}
    series = tuple(finite_series(name, kind, line) for kind in ("line", "dots") for name, line in pairs.items())
    at = known["latents"].index(latents)
    alt = f"Error against latents: with {latents} it is {known['ae'][at]:.4f} (autoencoder), {known['pca'][at]:.4f} (PCA)."
    across, up = Axis("latents", log=2), Axis("mean squared error per pixel", from_zero=True)
    chart([Panel(across, up, series, alt, {"here": latents}, height=380)], key="errors")
    st.caption(
        "Over all test images of the bundled sample. Each point of the autoencoder is a separate network. PCA and the "
        f"networks were trained on the same {known['pca_images']:,} images."
    )


def _numbers(known: dict[str, Any]) -> dict[str, str]:
    numbers: dict[str, str] = {}
    for name, latents in (("two", 2), ("eight", 8), ("last", 32)):
        at = known["latents"].index(latents)
        numbers |= {f"ae_{name}": f"{known['ae'][at]:.4f}", f"pca_{name}": f"{known['pca'][at]:.4f}"}
    return numbers
