"""Sliders, the latent map and the picture: one fragment, so that a slider's new picture waits for nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages.common.components.latent_map import Picked, latent_map
from pages.common.errors import sentences
from pages.generate.latent import current, prepare, wish
from pages.generate.model import Explored
from pages.generate.show import picture
from pages.generate.sliders import sliders
from vae_core.evaluation.codes import decode_images, nearest
from vae_core.storage.arrays import Array

HEIGHT = 440
NEIGHBOURS = 5
SHOWN_NUMBERS = 8


@st.fragment(key="explore")
def explore(model: Explored, image: tuple[Array, Array] | None) -> None:
    """Draws the three.

    Args:
        model: the one that is explored.
        image: mean and standard deviation (L,) of a single image's posterior, drawn as an ellipse, or None.
    """
    with sentences():
        prepare(model)
    left, middle, right = st.columns([3, 6, 3])
    with left, st.container(height=HEIGHT + 60, border=False):
        sliders(model)
    z = current(model)
    with right:
        _picture(model, z)
    with middle:
        _map(model, z, image)


def _picture(model: Explored, z: Array) -> None:
    numbers = ", ".join(f"{value:g}" for value in z[:SHOWN_NUMBERS]) + (", …" if len(z) > SHOWN_NUMBERS else "")
    picture(decode_images(model.trained, z[None]), f"Decoded from z = ({numbers})", key="decoded", width=280)
    found = nearest(model.codes, z, NEIGHBOURS)
    names = ", ".join(model.dataset.classes[int(model.labels[index])] for index in found)
    st.caption("Nearest real images, by their codes")
    picture(model.images[found].numpy(), names, key="nearest", width=280)


def _map(model: Explored, z: Array, image: tuple[Array, Array] | None) -> None:
    axes = _axes(model)
    ellipse: Any = None
    if image is not None and axes is not None:
        ellipse = (image[0][list(axes)], image[1][list(axes)])
    latent_map(
        key=f"map-{model.run.id}",
        codes=model.codes.mean,
        labels=model.labels.numpy(),
        classes=model.dataset.classes,
        images=model.images.numpy(),
        decoder=model.decoder,
        z=z.astype(np.float32),
        axes=axes,
        axis_names=[f"z{axis + 1}" for axis in axes or range(model.latent)],
        prior=model.is_vae,
        ellipse=ellipse,
        height=HEIGHT,
        alt=f"Latent map of {model.run.name}",
        on_pick=lambda picked: _go_to(model, z, axes, picked),
    )


def _go_to(model: Explored, z: Array, axes: tuple[int, int] | None, picked: Picked) -> None:
    """A click on the map sets the sliders of its two axes; the others stay."""
    moved = z.copy()
    for axis, value in zip(axes or (), (picked.x, picked.y), strict=False):
        moved[axis] = value
    wish(model, moved)


def _axes(model: Explored) -> tuple[int, int] | None:
    """The two dimensions of the map, or None for the cloud of three that can be turned."""
    if model.latent == 1:
        return (0, 0)
    if model.latent == 2:
        return (0, 1)
    names = [dimension + 1 for dimension in model.order]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cloud = model.latent == 3 and st.toggle("Turn the cloud of all three", key="cloud", bind="query-params")
        if cloud:
            return None
        across = st.selectbox("Across, z", names, index=0, key=f"across@{model.run.id}", width=130)
        up = st.selectbox("Up, z", [name for name in names if name != across], key=f"up@{model.run.id}", width=130)
    return int(across) - 1, int(up) - 1
