"""The level of a corruption: a slider with its unit, kept in the URL."""

from __future__ import annotations

import math

import streamlit as st

from pages.common import query_params
from pages.common.errors import literal
from vae_core.errors import ConfigError, LatentLabError
from vae_core.registry.corruption_rows import CORRUPTIONS

PARAMETER = "level"
STEPS = 50


def read_level(name: str) -> None:
    """Sets the slider to the URL's level if that is new. Call it before the slider is drawn.

    An invalid level is reported, and the slider then starts at the corruption's usual level.
    """
    row = CORRUPTIONS[name]
    if not row.has_level:
        query_params.remove(PARAMETER)
        return
    query_params.read_into_widget(PARAMETER, name, _key(name), float(row.usual), lambda text: _read(name, text))


def current_level(name: str) -> float:
    """The slider's level, which is also written to the URL; 0 for a corruption without a level."""
    if not CORRUPTIONS[name].has_level:
        return 0.0
    level = float(st.session_state[_key(name)])
    query_params.write(PARAMETER, name, f"{level:g}")
    return level


def level_slider(name: str) -> None:
    """Draws the slider; call `read_level` first."""
    row = CORRUPTIONS[name]
    if not row.has_level:
        return
    step = _step(row.highest - row.lowest)
    st.slider(
        f"Level: {literal(row.measure)}",
        float(row.lowest),
        float(row.highest),
        value=float(st.session_state[_key(name)]),  # else a page that mounts late shows the lowest level
        step=step,
        format=f"%.{max(0, -round(math.log10(step)))}f",
        key=_key(name),
        help=literal(row.about),
    )


def _read(name: str, text: str) -> tuple[float, list[LatentLabError]]:
    row = CORRUPTIONS[name]
    level = query_params.read_number(text, whole=False)
    if level is None:
        return float(row.usual), [
            ConfigError(f"The level {text[:40]!r} in the address is not a number; set it with the slider.")
        ]
    try:
        row.check_level(level)
    except ConfigError as error:
        return float(row.usual), [error]
    return level, []


def _step(width: float) -> float:
    """A power of ten, which keeps the values in the URL short."""
    return float(10.0 ** math.floor(math.log10(width / STEPS)))


def _key(name: str) -> str:
    return f"level@{name}"
