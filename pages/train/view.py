"""How a run is looked at: which plane of the latent space, means or samples, how the loss is drawn. In the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from vae_core.viz.projection import Choice


@dataclass(frozen=True)
class View:
    """The choices of the person who looks.

    Attributes:
        plane_name: "dimensions" or "PCA".
        across, up: the two dimensions of the map, counted from 1.
        samples: posterior samples in place of means.
        per_pixel: nats per pixel in place of nats per image.
        log_axis: a logarithmic axis of the loss.
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
        """The plane of the map for codes of so many numbers."""
        if latent <= 2:
            return (0, 1)
        if self.plane_name == "PCA":
            return "pca"
        across, up = min(max(self.across, 1), latent) - 1, min(max(self.up, 1), latent) - 1
        return (across, up) if across != up else (across, (across + 1) % latent)


def choose_view(latent: int) -> View:
    """Draws the choices in a row; those of the plane only where there are more than two latents."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        points = st.segmented_control(
            "Points", ["means", "samples"], default="means", required=True, key="points", bind="query-params",
            help="The posterior's mean of each image, or one draw from its posterior.",
        )  # fmt: skip
        plane, across, up = "PCA", 1, 2
        if latent > 2:
            plane = st.segmented_control(
                "Map", ["PCA", "dimensions"], default="PCA", required=True, key="plane", bind="query-params",
                help="The two directions of largest variance, or two dimensions of the code.",
            )  # fmt: skip
        if plane == "dimensions":
            across = st.number_input("Across, z", 1, latent, 1, key="across", bind="query-params", width=110)
            up = st.number_input("Up, z", 1, latent, 2, key="up", bind="query-params", width=110)
        unit = st.segmented_control(
            "Loss in nats per", ["image", "pixel"], default="image", required=True, key="unit", bind="query-params",
            help="Training sums over pixels; the mean over pixels is only another unit to read it in.",
        )  # fmt: skip
        smoothing = st.slider(
            "Smoothing", 0.0, 0.99, 0.0, 0.01, key="smoothing", bind="query-params", width=160,
            help="Weight of the past in the exponential mean of the training curve; 0 shows every record.",
        )  # fmt: skip
        log_axis = st.toggle("Log axis", key="log", bind="query-params")
    return View(str(plane), int(across), int(up), points == "samples", unit == "pixel", log_axis, smoothing)
