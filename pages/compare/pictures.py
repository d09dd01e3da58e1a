"""The same images, codes and traversals in all models, one per column, with one set of sliders for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from pages.common.components.columns import Choice, columns, columns_view
from pages.common.errors import literal, show_errors
from pages.common.latent_code import current_code, prepare_code, request_code
from pages.common.latent_sliders import sliders
from pages.common.opened_model import OpenedModel
from pages.common.query_params import check_index
from pages.compare.model_columns import Column, joint_model
from pages.compare.picture_row import picture_row
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
"""Classes shown at most, so that with the picked image the row has no more than three lines."""
PICKS: dict[str, Literal["image", "place"]] = {"an image": "image", "a code z": "place"}
"""What the pointer selects, as labelled on the page and as named in the component."""


def pictures(model_columns: Sequence[Column], left: DeltaGenerator, right: DeltaGenerator) -> None:
    """Draws maps, pictures and sliders of at least one model, all on the same images.

    Args:
        model_columns: the models.
        left, right: containers for the choices and for the maps, in widths of `SIDES`.
    """
    joint = joint_model(model_columns)
    with left:
        pick = st.segmented_control(
            "The pointer selects", list(PICKS), default="an image", required=True, key="pick", bind="query-params",
            help="On any map: the nearest image, reconstructed by all models, or the code at that point, decoded by all.",
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
                help="Clicking a map also picks an image; all columns follow.",
            )
        )
    with right:
        columns(
            key=KEY,
            data=_maps(model_columns, joint, plane, str(pick)),
            on_pick=lambda choice: _picked(joint, choice),
        )
    _follow(list(model_columns), joint, image)


def _maps(model_columns: Sequence[Column], joint: OpenedModel, plane: Plane, pick: str) -> bytes:
    width = joint.latent
    shared = [column.shared(column.model.codes.mean, column.model.latent) for column in model_columns]
    planes = map_projections(shared, plane)
    own = [_to_own_dimensions(column, directions) for column, directions in zip(model_columns, planes, strict=True)]
    parts = [
        MapColumn(
            column.title,
            column.note,
            column.model.codes.mean,
            column.model.codes.has_prior,
            directions,
            column.order,
            column.model.decoder,
        )
        for column, directions in zip(model_columns, own, strict=True)
    ]
    alt = f"Latent maps of {len(model_columns)} models, {width} latents at most"
    return map_bytes(
        parts, joint.labels.numpy(), joint.dataset.classes, joint.images.numpy(), pick=PICKS[pick], key=KEY, alt=alt,
    )  # fmt: skip


def _to_own_dimensions(column: Column, directions: Array) -> Array:
    """Converts directions (L, 2) from the shared dimensions to the model's own."""
    if column.order is None:
        return directions
    mine: Array = np.zeros_like(directions)
    mine[column.order] = directions
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
    """Takes a click on a map: another image, or a code for the sliders."""
    if choice.image is not None and choice.image < len(joint.images):
        st.session_state.image = choice.image
    elif choice.z is not None and len(choice.z) == joint.latent:
        request_code(joint, np.array(choice.z))


@st.fragment(key="compare-follow")
def _follow(model_columns: list[Column], joint: OpenedModel, image: int) -> None:
    """Draws the sliders and what follows them. The pictures are drawn first, so that they appear first."""
    with show_errors():
        prepare_code(joint)
    z = current_code(joint)
    with st.container(key="top-follow"):
        left, right = st.columns(SIDES)
    columns_view(key=KEY, z=z, image=image)
    with right:
        _rows(model_columns, joint, z, image)
    with left, st.container(height=SLIDERS_HEIGHT if joint.latent > FEW else "content", border=False):
        sliders(joint)
        for column in model_columns:
            if words := column.model.prior_warning:
                st.caption(literal(f"{column.title}: {words}"))


def _rows(model_columns: list[Column], joint: OpenedModel, z: Array, image: int) -> None:
    titles = [column.title for column in model_columns]
    numbers = ", ".join(f"{value:g}" for value in z[:8]) + (", …" if len(z) > 8 else "")
    picture_row(titles, [column.decode(z[None]) for column in model_columns], f"Decoded from the same z = ({numbers})",
        key="z", across=1, width=120)  # fmt: skip
    inputs = inputs_of(joint, image)
    picture_row(titles, [_pairs(column, joint.images, inputs) for column in model_columns],
        f"Test image {image} and {_others(joint)}: originals above, reconstructions from the mean code below",
        key="inputs", across=min(LINE, len(inputs)), width=200)  # fmt: skip
    dimension = _traversed(joint)
    low, high = slider_range(joint.codes, dimension)
    walk = traversal(z, dimension, low, high, STEPS)
    picture_row(titles, [column.decode(walk) for column in model_columns],
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
    """The picked image, the first image of each class, then others, to fill lines of four as far as there are images."""
    labels = joint.labels.tolist()
    first = {label: index for index, label in reversed(list(enumerate(labels)))}
    chosen = list(dict.fromkeys([image, *(first[label] for label in sorted(first)[:MOST_CLASSES])]))
    others = [index for index in range(min(len(labels), 2 * (MOST_CLASSES + 1))) if index not in chosen]
    return chosen + others[: -len(chosen) % LINE]


def _others(joint: OpenedModel) -> str:
    """Describes the images beside the picked one."""
    classes = len(set(joint.labels.tolist()))
    return "one of each class" if classes <= MOST_CLASSES else f"one of each of the first {MOST_CLASSES} classes"


def _pairs(column: Column, images: Tensor, inputs: list[int]) -> Array:
    """The images in lines of four, each line above its reconstructions."""
    given: Array = images[inputs].numpy()
    made = decode_images(column.model.trained, column.model.codes.mean[inputs])
    starts = range(0, len(inputs), LINE)
    lines = [part[start : start + LINE] for start in starts for part in (given, made)]
    pairs: Array = np.concatenate(lines)
    return pairs
