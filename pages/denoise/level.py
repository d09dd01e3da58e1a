"""The level of a corruption: a slider with its unit, in the address."""

from __future__ import annotations

import math

import streamlit as st

from pages.common.errors import literal
from pages.denoise import address
from vae_core.errors import ConfigError
from vae_core.levels import CORRUPTIONS

PARAMETER = "level"
STEPS = 50


def take_level(name: str) -> None:
    """Before the slider is drawn: the address's level where it is news, else the one that stands, else the usual.

    Raises:
        ConfigError: the address's is no number, or out of range; the slider then stands at the usual.
    """
    row, key = CORRUPTIONS[name], _key(name)
    if not row.has_level:
        address.forget(PARAMETER)
        return
    text = address.news(PARAMETER, name, key)
    st.session_state.setdefault(key, row.usual)
    if text is None:
        return
    try:
        level = float(text)
        if not math.isfinite(level):
            raise ValueError
    except ValueError as error:
        _start_anew(name)
        raise ConfigError(f"The address's level {text[:40]!r} is no number; the slider starts anew.") from error
    try:
        row.check_level(level)
    except ConfigError:
        _start_anew(name)
        raise
    st.session_state[key] = level


def current_level(name: str) -> float:
    """The level that the slider shows, which also goes into the address; 0 where the corruption has none."""
    if not CORRUPTIONS[name].has_level:
        return 0.0
    level = float(st.session_state[_key(name)])
    address.write(PARAMETER, name, f"{level:g}")
    return level


def level_slider(name: str) -> None:
    """Draws it, after `take_level`."""
    row = CORRUPTIONS[name]
    if not row.has_level:
        st.caption(f"{literal(row.title)} has no level.")
        return
    step = _step(row.highest - row.lowest)
    st.slider(
        f"Level: {literal(row.measure)}",
        float(row.lowest),
        float(row.highest),
        step=step,
        format=f"%.{max(0, -round(math.log10(step)))}f",
        key=_key(name),
        help=literal(row.about),
    )


def _step(width: float) -> float:
    """A power of ten, so that a value is short in the address."""
    return float(10.0 ** math.floor(math.log10(width / STEPS)))


def _start_anew(name: str) -> None:
    st.session_state[_key(name)] = CORRUPTIONS[name].usual
    address.forget(PARAMETER)


def _key(name: str) -> str:
    return f"level@{name}"
