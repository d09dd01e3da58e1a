"""The code that the latent sliders show: one per model, kept in the session and in the URL.

A widget's value can only be set before the widget is drawn. So a new code is requested with `request_code`, and applied in
the next script run by `prepare_code`.
"""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages.common import query_params
from pages.common.opened_model import OpenedModel
from vae_core.errors import ConfigError
from vae_core.evaluation.codes import slider_range
from vae_core.types import Array

Z_PARAMETER = "z"
STEPS = 200
MAX_TEXT = 20_000
LARGEST = 1e6
"""The largest number accepted in a code in the URL."""


def slider_key(model: OpenedModel, dimension: int) -> str:
    return f"z{dimension + 1}@{model.run.id}"


def _request_key(model: OpenedModel) -> str:
    return f"wish@{model.run.id}"


def decimals(model: OpenedModel, dimension: int) -> int:
    """The decimals of a dimension's slider, which give it about 200 steps; at least two."""
    low, high = slider_range(model.codes, dimension)
    return max(2, math.ceil(-math.log10((high - low) / STEPS)))


def request_code(model: OpenedModel, z: Array) -> None:
    """Sets the sliders to z (L,) from the next script run on."""
    st.session_state[_request_key(model)] = [float(value) for value in z]


def prepare_code(model: OpenedModel) -> None:
    """Applies a requested code, or the URL's code if it is new. Call it before the sliders are drawn.

    Raises:
        ConfigError: the URL's code is not a list of L finite numbers; the sliders are then at their start.
    """
    requested = st.session_state.pop(_request_key(model), None)
    if requested is not None:
        _place(model, np.asarray(requested))
        query_params.mark_known(Z_PARAMETER, _scope(model), _text(model, _standing(model)))
        return
    key, scope = slider_key(model, 0), _scope(model)
    news = query_params.is_new(Z_PARAMETER, scope, key)
    if not news and key in st.session_state:
        return
    _place(model, model.start)
    text = st.query_params.get(Z_PARAMETER)
    if news:
        query_params.mark_known(Z_PARAMETER, scope, text)
    if news and text is not None:
        _place(model, np.asarray(_parsed(text, model.latent)))


def _place(model: OpenedModel, z: Array) -> None:
    for dimension, value in enumerate(z):
        st.session_state[slider_key(model, dimension)] = round(float(value), decimals(model, dimension))


def _parsed(text: str, latent: int) -> list[float]:
    parts = text[:MAX_TEXT].split(",")
    values = [query_params.read_number(part, whole=False, low=-LARGEST, high=LARGEST) for part in parts]
    if len(values) != latent or None in values:
        del st.query_params[Z_PARAMETER]
        raise ConfigError(
            f"The z in the address is not a list of {latent} finite numbers, which this model takes; the sliders are reset."
        )
    return [value for value in values if value is not None]


def current_code(model: OpenedModel) -> Array:
    """The code that the sliders show, (L,) float64. It is also written to the URL."""
    z = _standing(model)
    query_params.write(Z_PARAMETER, _scope(model), _text(model, z))
    return z


def _standing(model: OpenedModel) -> Array:
    return np.array([st.session_state[slider_key(model, dimension)] for dimension in range(model.latent)], np.float64)


def _text(model: OpenedModel, z: Array) -> str | None:
    """The code for the URL, or None while the sliders are at their start."""
    return None if np.allclose(z, model.start, atol=0.005) else ",".join(f"{value:g}" for value in z)


def _scope(model: OpenedModel) -> str:
    """A code in the URL applies to all models with the same number of latents."""
    return str(model.latent)
