"""Where the sliders stand: one code a model, in the session and in the address.

A widget's value can only be set before the widget is drawn, so who wants another code leaves it as a wish, and the page
takes it at its next run.
"""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages.common import address
from pages.common.opened_model import OpenedModel
from vae_core.errors import ConfigError
from vae_core.evaluation.codes import slider_range
from vae_core.types import Array

Z_PARAMETER = "z"
STEPS = 200
MAX_TEXT = 20_000
LARGEST = 1e6
"""The largest number of a code that the address takes."""


def slider_key(model: OpenedModel, dimension: int) -> str:
    return f"z{dimension + 1}@{model.run.id}"


def _wish_key(model: OpenedModel) -> str:
    return f"wish@{model.run.id}"


def decimals(model: OpenedModel, dimension: int) -> int:
    """How finely a dimension is set: about 200 steps from end to end, at least two decimals."""
    low, high = slider_range(model.codes, dimension)
    return max(2, math.ceil(-math.log10((high - low) / STEPS)))


def wish(model: OpenedModel, z: Array) -> None:
    """Has the sliders stand at z (L,) from the next run of the page on."""
    st.session_state[_wish_key(model)] = [float(value) for value in z]


def prepare(model: OpenedModel) -> None:
    """Before the sliders are drawn: takes a wish, or the address's code where it is not what this page wrote.

    Raises:
        ConfigError: the address's code has another length, or is no list of finite numbers; the sliders stand at the start.
    """
    wanted = st.session_state.pop(_wish_key(model), None)
    if wanted is not None:
        _place(model, np.asarray(wanted))
        address.know(Z_PARAMETER, _scope(model), _text(model, _standing(model)))
        return
    key, scope = slider_key(model, 0), _scope(model)
    news = address.is_news(Z_PARAMETER, scope, key)
    if not news and key in st.session_state:
        return
    _place(model, model.start)
    text = st.query_params.get(Z_PARAMETER)
    if news:
        address.know(Z_PARAMETER, scope, text)
    if news and text is not None:
        _place(model, np.asarray(_parsed(text, model.latent)))


def _place(model: OpenedModel, z: Array) -> None:
    for dimension, value in enumerate(z):
        st.session_state[slider_key(model, dimension)] = round(float(value), decimals(model, dimension))


def _parsed(text: str, latent: int) -> list[float]:
    parts = text[:MAX_TEXT].split(",")
    values = [address.read_number(part, whole=False, low=-LARGEST, high=LARGEST) for part in parts]
    if len(values) != latent or None in values:
        del st.query_params[Z_PARAMETER]
        raise ConfigError(
            f"The address's z is no list of {latent} finite numbers, which this model takes; the sliders start anew."
        )
    return [value for value in values if value is not None]


def current(model: OpenedModel) -> Array:
    """The code that the sliders show, (L,) float64; it also goes into the address."""
    z = _standing(model)
    address.write(Z_PARAMETER, _scope(model), _text(model, z))
    return z


def _standing(model: OpenedModel) -> Array:
    return np.array([st.session_state[slider_key(model, dimension)] for dimension in range(model.latent)], np.float64)


def _text(model: OpenedModel, z: Array) -> str | None:
    """The code in the address, which does without where the sliders stand at the start."""
    return None if np.allclose(z, model.start, atol=0.005) else ",".join(f"{value:g}" for value in z)


def _scope(model: OpenedModel) -> str:
    """A code means something for models with as many latents."""
    return str(model.latent)
