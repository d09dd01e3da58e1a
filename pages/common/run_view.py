"""How a run is viewed: the plane of the latent space, means or samples, how the loss is drawn. Kept in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.common.query_params import check_number
from vae_core.viz.projection import Choice


@dataclass(frozen=True)
class View:
    """The user's choices.

    Attributes:
        plane_name: "dimensions" or "PCA".
        across, up: the two dimensions of the map, counted from 1.
        samples: show posterior samples instead of means.
        per_pixel: show nats per pixel instead of nats per image.
        log_axis: use a logarithmic axis for the loss.
        smoothing: 0 to 0.99, the weight of the past in an exponential mean.
    """

    plane_name: str
    across: int
    up: int
    samples: bool
    per_pixel: bool
    log_axis: bool
    smoothing: float

    def plane(self, latent: int) -> Choice:
        """The plane of the map for codes with `latent` dimensions."""
        if latent <= 2:
            return (0, 1)
        if self.plane_name == "PCA":
            return "pca"
        across, up = min(max(self.across, 1), latent) - 1, min(max(self.up, 1), latent) - 1
        return (across, up) if across != up else (across, (across + 1) % latent)


def choose_view(latent: int, key: str) -> View:
    """Draws the choices; those of the plane only if there are more than two latents.

    Args:
        latent: number of latent dimensions.
        key: the panel's key; the choices of the panel "main" are kept in the URL.
    """
    bind: dict[str, Any] = {"bind": "query-params"} if key == "main" else {}
    prefix = "" if key == "main" else f"{key}-"
    points = st.segmented_control(
        "Points", ["means", "samples"], default="means", required=True, key=f"{prefix}points",
        help="The mean of each image's posterior, or one sample from it during training.", **bind,
    )  # fmt: skip
    plane, across, up = "PCA", 1, 2
    if latent > 2:
        plane = st.segmented_control(
            "Map", ["PCA", "dimensions"], default="PCA", required=True, key=f"{prefix}plane",
            help="The two directions of largest variance, or two dimensions of the code.", **bind,
        )  # fmt: skip
    if plane == "dimensions":
        if bind:
            check_number("across", "Horizontal, z", 1, low=1, high=latent)
            check_number("up", "Vertical, z", 2, low=1, high=latent)
        across = st.number_input("Horizontal, z", 1, latent, 1, key=f"{prefix}across", **bind)
        up = st.number_input("Vertical, z", 1, latent, 2, key=f"{prefix}up", **bind)
    unit = st.segmented_control(
        "Loss in nats per", ["image", "pixel"], default="image", required=True, key=f"{prefix}unit",
        help="Training sums over pixels; per pixel only changes the unit in which the loss is shown.", **bind,
    )  # fmt: skip
    if bind:
        check_number("smoothing", "Smoothing", 0.0, whole=False, low=0.0, high=0.99)
    smoothing = st.slider(
        "Smoothing of the training curve", 0.0, 0.99, 0.0, 0.01, key=f"{prefix}smoothing",
        help="The weight of the past in an exponential mean; 0 shows every record.", **bind,
    )  # fmt: skip
    log_axis = st.toggle("Logarithmic loss axis", key=f"{prefix}log", **bind)
    return View(str(plane), int(across), int(up), points == "samples", unit == "pixel", log_axis, smoothing)
