"""What one takes away: the pictures as PNG, and a link that opens Train with this corruption and this model's set-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from pages.common.errors import literal
from pages.common.opened_model import OpenedModel
from pages.denoise.gallery import Tile
from vae_core.data import catalogue
from vae_core.types import Array
from vae_core.viz.grids import mosaic, png_bytes

SHEET_SCALE = 4
DENOISER = "Denoising autoencoder"
"""The preset of the Train page for models of this kind."""


@dataclass(eq=False)
class Shown:
    """The tiles that stand on the page now: the buttons are older than what the slider last showed."""

    tiles: Sequence[Tile] = field(default_factory=list)


def show(tiles: Sequence[Tile]) -> None:
    """Remembers what stands on the page."""
    _shown().tiles = tiles


def _shown() -> Shown:
    found: Shown = st.session_state.setdefault("shown", Shown())
    return found


def take_away(name: str) -> None:
    """Buttons that make the file when pressed, of what is on the page at that moment.

    Args:
        name: of the files, such as a run's id.
    """
    holder = _shown()
    if not holder.tiles:
        return
    with st.popover("Download", icon=":material/download:"):
        _button("All, side by side", f"{name}-all.png", "all", lambda: sheet(holder.tiles))
        for index, tile in enumerate(holder.tiles):
            _button(literal(tile.name), f"{name}-{index}.png", str(index), _one(holder, index))
        st.caption("PNG; all together four times as large, in the order of the page, single ones at their own size.")


def sheet(tiles: Sequence[Tile]) -> bytes:
    """Rows of images below each other, single images beside each other."""
    count = len(tiles[0].images)
    images: Array = np.concatenate([_coloured(tile.images) for tile in tiles])
    return png_bytes(mosaic(images, count if count > 1 else len(tiles), scale=SHEET_SCALE))


def _one(holder: Shown, index: int) -> Callable[[], bytes]:
    def content() -> bytes:
        images = holder.tiles[min(index, len(holder.tiles) - 1)].images
        return png_bytes(mosaic(images, len(images)))

    return content


def _coloured(images: Array) -> Array:
    return np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images


def _button(label: str, file_name: str, key: str, content: Callable[[], bytes]) -> None:
    st.download_button(
        label, content, file_name=file_name, mime="image/png", key=f"png-{key}", on_click="ignore", width="stretch"
    )


def train_link(model: OpenedModel, corruption: str, level: float) -> None:
    """Opens the Train page with the model's set-up and this corruption."""
    st.page_link(
        "train/page.py",
        label="Train a better one",
        icon=":material/model_training:",
        help="Opens Train with the first model's set-up; with this corruption where it has learnt none or another.",
        query_params=set_up(model, corruption, level),
    )


def set_up(model: OpenedModel, corruption: str, level: float) -> dict[str, str]:
    """The dials of the Train page, as its address names them.

    What the model was trained on stays as it was, its range of levels too, where this corruption is among it; in place of
    a full set that is not on this machine stands its sample.
    """
    config = model.run.config
    values = config.flat()
    if corruption not in config.data.corruption:
        values |= {"corruption": (corruption,), "level": f"{level:g}" if level else None}
    values["dataset"] = catalogue.at_hand(config.data.dataset)
    preset = {} if config.model.is_variational else {"preset": DENOISER}
    return {**preset, **{name: _text(value) for name, value in values.items() if value is not None}}


def _text(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else f"{value}"
