"""The same images, the same codes and the same walks through all models, a column each; one slider set for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from pages.common.address import check_index
from pages.common.components.columns import Choice, columns, columns_view
from pages.common.errors import literal, sentences
from pages.common.latent_code import current, prepare, wish
from pages.common.latent_sliders import sliders
from pages.common.opened_model import OpenedModel
from pages.compare.grid import row
from pages.compare.models import Column, together
from vae_core.evaluation.codes import decode_images, slider_range
from vae_core.types import Array
from vae_core.viz.comparison_pictures import MapColumn, map_bytes, map_projections
from vae_core.viz.projection import Choice as Plane
from vae_core.viz.walks import traversal

KEY = "compare-maps"
SIDES = [1, 3]
SLIDERS_HEIGHT = 620
FEW = 6
STEPS = 7
LINE = 4
MOST_CLASSES = 11
"""So many first images of classes at most, so that the row stays three lines with the picked one."""
PICKS: dict[str, Literal["image", "place"]] = {"an image": "image", "a code z": "place"}
"""What the pointer looks at, as the page and as the component say it."""


def pictures(found: Sequence[Column], left: DeltaGenerator, right: DeltaGenerator) -> None:
    """Draws maps, pictures and sliders of at least one model on the same images.

    Args:
        found: the models.
        left, right: places whose widths are `SIDES`, for what one chooses and for the maps.
    """
    joint = together(found)
    with left:
        pick = st.segmented_control(
            "The pointer looks at", list(PICKS), default="an image", required=True, key="pick", bind="query-params",
            help="On any map: the nearest image, reconstructed by all, or the code at its place, decoded by all.",
        )  # fmt: skip
        plane = _plane(joint)
        last = len(joint.images) - 1
        check_index("image", "test image", last, 0)
        image = int(
            st.number_input(
                f"Test image, 0 to {last}",
                0,
                last,
                0,
                key="image",
                bind="query-params",
                help="A click on a map picks one too; all columns follow.",
            )
        )
    with right:
        columns(
            key=KEY,
            data=_maps(found, joint, plane, str(pick)),
            on_pick=lambda choice: _picked(joint, choice),
        )
    _follow(list(found), joint, image)


def _maps(found: Sequence[Column], joint: OpenedModel, plane: Plane, pick: str) -> bytes:
    width = joint.latent
    shared = [one.shared(one.model.codes.mean, one.model.latent) for one in found]
    planes = map_projections(shared, plane)
    own = [_in_own(one, directions) for one, directions in zip(found, planes, strict=True)]
    parts = [
        MapColumn(
            one.title,
            one.note,
            one.model.codes.mean,
            one.model.codes.has_prior,
            directions,
            one.order,
            one.model.decoder,
        )
        for one, directions in zip(found, own, strict=True)
    ]
    alt = f"Latent maps of {len(found)} models, {width} latents at most"
    return map_bytes(
        parts, joint.labels.numpy(), joint.dataset.classes, joint.images.numpy(), pick=PICKS[pick], key=KEY, alt=alt,
    )  # fmt: skip


def _in_own(one: Column, directions: Array) -> Array:
    """Directions (L, 2) over the shared dimensions, over the model's own."""
    if one.order is None:
        return directions
    mine: Array = np.zeros_like(directions)
    mine[one.order] = directions
    return mine


def _plane(joint: OpenedModel) -> Plane:
    if joint.latent <= 2:
        return (0, 1)
    names = ["PCA", *(f"z{dimension + 1}" for dimension in joint.order)]
    with st.container(horizontal=True):
        across = st.selectbox("Map, across", names, index=0, key="map_across", bind="query-params", width=110)
        if across == "PCA":
            return "pca"
        others = [name for name in names[1:] if name != across]
        up = st.selectbox("up", others, index=0, key="map_up", bind="query-params", width=110)
    return int(across[1:]) - 1, int(up[1:]) - 1


def _picked(joint: OpenedModel, choice: Choice) -> None:
    """A click on a map: another image, or a code for the sliders."""
    if choice.image is not None and choice.image < len(joint.images):
        st.session_state.image = choice.image
    elif choice.z is not None and len(choice.z) == joint.latent:
        wish(joint, np.array(choice.z))


@st.fragment(key="compare-follow")
def _follow(found: list[Column], joint: OpenedModel, image: int) -> None:
    """The sliders and what follows them; the pictures are drawn before the sliders, so that they come first."""
    with sentences():
        prepare(joint)
    z = current(joint)
    with st.container(key="top-follow"):
        left, right = st.columns(SIDES)
    columns_view(key=KEY, z=z, image=image)
    with right:
        _rows(found, joint, z, image)
    with left, st.container(height=SLIDERS_HEIGHT if joint.latent > FEW else "content", border=False):
        sliders(joint)
        for one in found:
            if words := one.model.prior_warning:
                st.caption(literal(f"{one.title}: {words}"))


def _rows(found: list[Column], joint: OpenedModel, z: Array, image: int) -> None:
    titles = [one.title for one in found]
    numbers = ", ".join(f"{value:g}" for value in z[:8]) + (", …" if len(z) > 8 else "")
    row(titles, [one.decode(z[None]) for one in found], f"Decoded from the same z = ({numbers})",
        key="z", across=1, width=120)  # fmt: skip
    inputs = inputs_of(joint, image)
    row(titles, [_pairs(one, joint.images, inputs) for one in found],
        f"Test image {image} and {_others(joint)}: above as they are, below reconstructed from the mean code",
        key="inputs", across=min(LINE, len(inputs)), width=200)  # fmt: skip
    dimension = _traversed(joint)
    low, high = slider_range(joint.codes, dimension)
    walk = traversal(z, dimension, low, high, STEPS)
    row(titles, [one.decode(walk) for one in found],
        f"z{dimension + 1} from {low:.2g} (left) to {high:.2g}, the others at the sliders' values",
        key="traversal", across=STEPS, width=260)  # fmt: skip


def _traversed(joint: OpenedModel) -> int:
    options = [f"z{dimension + 1}" for dimension in joint.order]
    if len(options) == 1:
        return 0
    chosen = st.selectbox(
        "Traversal of", options, key="traversal", bind="query-params", width=130, label_visibility="collapsed"
    )
    return int(str(chosen)[1:]) - 1


def inputs_of(joint: OpenedModel, image: int) -> list[int]:
    """The picked image, the first image of each class, then others: whole lines of four where there are enough."""
    labels = joint.labels.tolist()
    first = {label: index for index, label in reversed(list(enumerate(labels)))}
    chosen = list(dict.fromkeys([image, *(first[label] for label in sorted(first)[:MOST_CLASSES])]))
    others = [index for index in range(min(len(labels), 2 * (MOST_CLASSES + 1))) if index not in chosen]
    return chosen + others[: -len(chosen) % LINE]


def _others(joint: OpenedModel) -> str:
    """What stands beside the picked image, in words."""
    classes = len(set(joint.labels.tolist()))
    return "one of each class" if classes <= MOST_CLASSES else f"one of each of the first {MOST_CLASSES} classes"


def _pairs(one: Column, images: Tensor, inputs: list[int]) -> Array:
    """Images in lines of four, each line above its reconstructions."""
    given: Array = images[inputs].numpy()
    made = decode_images(one.model.trained, one.model.codes.mean[inputs])
    starts = range(0, len(inputs), LINE)
    lines = [part[start : start + LINE] for start in starts for part in (given, made)]
    pairs: Array = np.concatenate(lines)
    return pairs
