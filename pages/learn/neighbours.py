"""The nearest neighbours of an image: in pixels, and in the codes of PCA, of an autoencoder and of a VAE."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from pages.learn.figures import dataset, figures, linear, model, test_images, test_labels
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import choose_image, class_of, rows, tiles
from vae_core.metrics.neighbours import nearest_others
from vae_core.types import Array

NEIGHBOURS = 10
TITLES = {"pixels": "in pixels", "pca": "in PCA's code", "ae": "in the autoencoder's code", "vae": "in the VAE's code"}


def draw() -> Shown:
    index = choose_image(default=8)
    left, right = st.columns([1, 5])
    with left:
        tiles((test_images()[index], class_of(index)), width=130)
    with right:
        rows(*(_neighbours(space, index) for space in TITLES), columns=NEIGHBOURS)
    codes = figures("models")["codes"]
    code = ",".join(f"{value:.3g}" for value in model(codes["vae"]).codes.mean[index])
    links = (
        Link("generate/page.py", "Open this image's code in Generate", {"trained": codes["vae"], "z": code}),
        Link(
            "generate/page.py", "How much of the class is in the code?", {"trained": codes["ae"], "view": "Directions"}
        ),
    )
    numbers = {name: f"{value:.1%}" for name, value in figures("neighbours").items()}
    return Shown(links, {**numbers, "latents": str(model(codes["ae"]).trained.model.latent)})


def _neighbours(space: str, index: int) -> tuple[Array, str]:
    """Returns the neighbours of an image, (k, 1, H, W) uint8, and their caption."""
    neighbours = _nearest(space)[index]
    labels = test_labels()[neighbours]
    same = int((labels == test_labels()[index]).sum())
    names = " ".join(dataset().classes[int(label)] for label in labels)
    over_all = figures("neighbours")[space]
    share = f"{same} of {NEIGHBOURS} share the label here, {over_all:.1%} over all images."
    return test_images()[neighbours], f"Nearest {TITLES[space]}: {names}; {share}"


@st.cache_resource(show_spinner=False)
def _nearest(space: str) -> Array:
    """Returns the indices of each test image's nearest neighbours, (N, k)."""
    names = figures("models")["codes"]
    if space in names:
        return nearest_others(model(names[space]).codes.mean, NEIGHBOURS)
    pixels = test_images().reshape(len(test_images()), -1).astype(np.float32) / 255
    if space == "pca":
        components = linear(model(names["ae"]).trained.model.latent)
        return nearest_others(components.project(torch.from_numpy(pixels)).float().numpy(), NEIGHBOURS)
    return nearest_others(pixels, NEIGHBOURS)
