"""The latent map: held-out images as points, and the picture that the browser decodes under the pointer.

It has two parts. The scene (codes, images, the decoder's weights, all scripts) is large but does not change between script
runs, so Streamlit sends only a reference to it. The view (the position of z, the axes) has a few hundred bytes and is all
that is sent when a slider moves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.common.components.bundle import register, register_view
from pages.common.components.reported import is_finite
from vae_core.errors import DataError
from vae_core.export.packing import pack_blocks
from vae_core.types import Array
from vae_core.viz.palette import CLASS_COLOURS, NO_CLASS
from vae_core.viz.stage_data import NO_LABEL

_SCENE = register(__file__)
_VIEW = register_view(__file__)


@dataclass(frozen=True)
class Picked:
    """A clicked position: the code's values on the map's two axes (`y` is 0 if there is only one axis)."""

    x: float
    y: float


def map_scene(
    *,
    key: str,
    codes: Array,
    labels: Array,
    classes: Sequence[str],
    images: Array,
    decoder: bytes | None,
    height: int = 460,
    alt: str = "A model",
    on_pick: Callable[[Picked], None] | None = None,
) -> Picked | None:
    """Puts the map on the page. It stays empty until `map_view` is called with the same key.

    Passing it to Streamlit takes about 8 ms per megabyte in each script run, even if nothing is sent. If sliders must be
    fast, call this outside their fragment, and `map_view` inside it.

    Args:
        key: identifies the map on the page.
        codes: (P, L) float32; numbers that are not finite count as 0.
        labels: (P,) class indices; a point whose label has no class is grey.
        classes: names of the classes, shown literally.
        images: (P, C, H, W) uint8, the encoded images.
        decoder: from `decoder_bytes`; None if the server decodes after a click.
        height: height of the map in pixels; on a narrow screen it is as high as it is wide.
        alt: what the picture shows.
        on_pick: called with a clicked position before the script runs again, so that it can set sliders.

    Returns:
        A clicked position, once; None otherwise.

    Raises:
        DataError: codes, labels and images differ in number.
    """
    scene = f"{key}-scene"

    def clicked() -> None:
        place = _place(st.session_state[scene].get("picked"))
        if on_pick is not None and place is not None:
            on_pick(place)

    header = {"key": key, "classes": list(classes), "height": height, "alt": alt}
    data = _packed(header, codes, labels, images, decoder)
    return _place(_SCENE(key=scene, data=data, on_picked_change=clicked).get("picked"))


def map_view(
    *,
    key: str,
    z: Array,
    axes: tuple[int, int] | None,
    axis_names: Sequence[str],
    prior: bool,
    lattice: bool = False,
    ellipse: tuple[Array, Array] | None = None,
    direction: Array | None = None,
    density: bool = False,
) -> None:
    """Sets the view of the map with the same key. It takes no space on the page.

    Args:
        key: the map's key.
        z: (L,) the sliders' code; the pointer replaces its values on the two axes.
        axes: the two dimensions of the plane, counted from 0; (0, 0) for one latent; None for the cloud of three latents,
            which can be turned.
        axis_names: two names (three for the cloud); the second is empty for a single latent.
        prior: draw the prior's circles at one and two standard deviations.
        lattice: start with decoded pictures behind the points; the user can switch them off.
        ellipse: mean (2,) and standard deviation (2,) of a posterior on the two axes.
        direction: (L,) drawn as an arrow from z.
        density: shade how dense the points are; not on decoded pictures or in the cloud.

    Raises:
        DataError: a number is not finite, or z or the direction does not have the axes' dimensions.
    """
    numbers = [z, *(ellipse or ()), *([] if direction is None else [direction])]
    needed = 3 if axes is None else max(axes) + 1
    lengths_fit = len(z) >= needed and (direction is None or len(direction) == len(z))
    if not lengths_fit or not all(np.isfinite(values).all() for values in numbers):
        raise DataError(f"A map with these axes needs a code of at least {needed} finite numbers; reset it.")
    _VIEW(
        key=f"{key}-view",
        data={
            "key": key,
            "z": _listed(z),
            "axes": None if axes is None else list(axes),
            "names": list(axis_names),
            "prior": prior,
            "lattice": lattice,
            "ellipse": None if ellipse is None else [_listed(values) for values in ellipse],
            "direction": None if direction is None else _listed(direction),
            "density": density,
        },
    )


def _packed(header: dict[str, object], codes: Array, labels: Array, images: Array, decoder: bytes | None) -> bytes:
    if codes.ndim != 2 or images.ndim != 4 or not len(codes) == len(labels) == len(images):
        raise DataError(
            f"A map needs a code, a label and an image for each point, not {codes.shape}, {labels.shape} and "
            f"{images.shape}."
        )
    known = (labels >= 0) & (labels < NO_LABEL)
    arrays: dict[str, Array] = {
        "codes": np.nan_to_num(codes.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0),
        "labels": np.where(known, labels, NO_LABEL).astype(np.uint8),
        "images": images,
    }
    if decoder is not None:
        arrays["decoder"] = np.frombuffer(decoder, dtype=np.uint8)
    return pack_blocks({**header, "colours": list(CLASS_COLOURS), "no_class": NO_CLASS}, arrays)


def _listed(values: Array) -> list[float]:
    return [float(value) for value in values]


def _place(value: object) -> Picked | None:
    """Converts what the browser reported; None if it is not two finite numbers."""
    if not isinstance(value, Mapping):
        return None
    x, y = value.get("x"), value.get("y")
    return Picked(float(x), float(y)) if is_finite(x) and is_finite(y) else None
