"""Several runs side by side, drawn in the browser: films that play together, or maps that share one pointer.

Like the latent map it has two parts, so that moving a slider sends a few hundred bytes and no weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.common.components.bundle import register, register_view
from pages.common.components.reported import is_finite
from vae_core.types import Array

_COLUMNS = register(__file__)
_VIEW = register_view(__file__)


@dataclass(frozen=True)
class Choice:
    """What was clicked: the index of an image, or a code in the shared dimensions; the other is None."""

    image: int | None = None
    z: tuple[float, ...] | None = None


def columns(*, key: str, data: bytes, on_pick: Callable[[Choice], None] | None = None) -> None:
    """Puts the columns on the page.

    Args:
        key: identifies the columns on the page; it must be the key with which `data` was packed.
        data: from `film_bytes` or `map_bytes`.
        on_pick: called with what was clicked before the script runs again.
    """

    def clicked() -> None:
        choice = _choice(st.session_state[f"{key}-columns"].get("picked"))
        if on_pick is not None and choice is not None:
            on_pick(choice)

    _COLUMNS(key=f"{key}-columns", data=data, on_picked_change=clicked)


def columns_view(*, key: str, z: Array, image: int) -> None:
    """Sets what all columns with this key show: a code z (L,) in the shared dimensions, and the index of an image."""
    _VIEW(key=f"{key}-view", data={"key": key, "z": [float(value) for value in np.nan_to_num(z)], "image": image})


def _choice(value: object) -> Choice | None:
    """Converts what the browser reported; None if it is not a valid choice."""
    if not isinstance(value, Mapping):
        return None
    image, z = value.get("image"), value.get("z")
    if is_finite(image) and image >= 0:
        return Choice(image=int(image))
    if isinstance(z, list) and z and all(is_finite(number) for number in z):
        return Choice(z=tuple(float(number) for number in z))
    return None
