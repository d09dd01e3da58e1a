"""Sliders, picture and latent map; what depends on the sliders is a fragment, so that it updates without the rest."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.components.latent_map import Picked, map_scene, map_view
from pages.common.errors import literal, show_errors
from pages.common.latent_code import current_code, prepare_code, request_code
from pages.common.latent_sliders import sliders
from pages.common.opened_model import OpenedModel
from pages.common.pictures import picture, pixels
from vae_core.evaluation.codes import decode_images, nearest
from vae_core.types import Array

HEIGHT = 440
LIST_HEIGHT = 720
FEW = 6
NEIGHBOURS = 5
SHOWN_NUMBERS = 8


def explore(model: OpenedModel, image: tuple[Array, Array] | None) -> None:
    """Draws sliders, picture and map side by side.

    Args:
        model: the model to explore.
        image: mean and standard deviation (L,) of a single image's posterior, drawn as an ellipse, or None.
    """
    with st.container(key="top-explore"):
        left, right = st.columns(2)
    with right:
        axes = _axes(model)
        map_scene(
            key=map_key(model),
            codes=model.codes.mean,
            labels=model.labels.numpy(),
            classes=model.dataset.classes,
            images=model.images.numpy(),
            decoder=model.decoder,
            height=HEIGHT,
            alt=f"Latent map of {model.run.name}",
            on_pick=lambda picked: _go_to(model, axes, picked),
        )
        ellipse = (
            "" if image is None else " The ellipse is the posterior of the image below, at one standard deviation."
        )
        st.caption(f"Move over the map to decode the point under the pointer; click to set the sliders.{ellipse}")
    with left:
        _follow(model, axes, image)


def map_key(model: OpenedModel) -> str:
    return f"map-{model.run.id}"


@st.fragment(key="following")
def _follow(model: OpenedModel, axes: tuple[int, int] | None, image: tuple[Array, Array] | None) -> None:
    """Draws the sliders and what depends on them.

    The picture is drawn before the sliders, so that it appears first; the session state already holds the new values.
    """
    with show_errors():
        prepare_code(model)
    z = current_code(model)
    beside, picture_place = st.columns([5, 4])
    with picture_place:
        _picture(model, z)
    ellipse = None if image is None or axes is None else (image[0][list(axes)], image[1][list(axes)])
    names = [f"z{axis + 1}" for axis in (axes or range(model.latent))]
    if model.latent == 1:
        names[1] = ""
    map_view(
        key=map_key(model),
        z=z.astype(np.float32),
        axes=axes,
        axis_names=names,
        prior=model.codes.has_prior,
        ellipse=ellipse,
    )
    with beside, st.container(height=LIST_HEIGHT if model.latent > FEW else "content", border=False):
        sliders(model)
        if model.prior_warning:
            st.caption(model.prior_warning)


def _go_to(model: OpenedModel, axes: tuple[int, int] | None, picked: Picked) -> None:
    """Sets the sliders of the map's two axes to the point clicked, and leaves the others unchanged."""
    moved = current_code(model)
    for axis, value in zip(axes or (), (picked.x, picked.y), strict=False):
        moved[axis] = value
    request_code(model, moved)


def _picture(model: OpenedModel, z: Array) -> None:
    numbers = in_short(z)
    picture(decode_images(model.trained, z[None]), f"Decoded from z = ({numbers})", key="decoded", width=280)
    neighbours = nearest(model.codes, z, NEIGHBOURS)
    names = ", ".join(model.dataset.classes[int(model.labels[index])] for index in neighbours)
    caption = f"Real images with the nearest codes: {names}"
    pixels(model.images[neighbours].numpy(), caption, columns=NEIGHBOURS, width=280)
    st.caption(literal(caption))


def in_short(z: Array) -> str:
    """Formats a code, (L,): all numbers if there are few, else those that are not 0, largest first."""
    if len(z) <= SHOWN_NUMBERS:
        return ", ".join(f"{value:g}" for value in z)
    moved = [index for index in np.argsort(-np.abs(z), kind="stable") if z[index]]
    if not moved:
        return "all 0"
    shown = ", ".join(f"z{index + 1} {z[index]:g}" for index in moved[:SHOWN_NUMBERS])
    return shown + (f" and {len(moved) - SHOWN_NUMBERS} more" if len(moved) > SHOWN_NUMBERS else ", the others 0")


def _axes(model: OpenedModel) -> tuple[int, int] | None:
    """Returns the two dimensions of the map, or None for the rotatable cloud of all three."""
    if model.latent == 1:
        return (0, 0)
    if model.latent == 2:
        return (0, 1)
    names = [dimension + 1 for dimension in model.order]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cloud = model.latent == 3 and st.toggle("Rotate all three in 3D", key="cloud", bind="query-params")
        if cloud:
            return None
        across = st.selectbox("Horizontal, z", names, index=0, key="map_x", bind="query-params", width=130)
        others = [name for name in names if name != across]
        up = st.selectbox("Vertical, z", others, index=0, key="map_y", bind="query-params", width=130)
    return int(across) - 1, int(up) - 1
