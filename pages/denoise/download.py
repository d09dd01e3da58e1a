"""Downloads of the pictures as PNG, and a link that opens Train with this corruption and the model's configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from pages.common.errors import literal
from pages.common.opened_model import OpenedModel
from pages.denoise.gallery import Picture
from vae_core.data import catalogue
from vae_core.types import Array
from vae_core.viz.grids import mosaic, png_bytes

SHEET_SCALE = 4
DENOISER = "Denoising autoencoder"
"""The Train page's preset for denoising autoencoders."""


@dataclass(eq=False)
class CurrentPictures:
    """The pictures now on the page. The slider redraws them without redrawing the download buttons."""

    pictures: Sequence[Picture] = field(default_factory=list)


def remember_pictures(pictures: Sequence[Picture]) -> None:
    """Remembers the pictures on the page for the download buttons."""
    _current().pictures = pictures


def _current() -> CurrentPictures:
    current: CurrentPictures = st.session_state.setdefault("shown", CurrentPictures())
    return current


def download_buttons(name: str) -> None:
    """Draws download buttons, which create the file when clicked, from the pictures then on the page.

    Args:
        name: the beginning of the file names, such as a run's id.
    """
    current = _current()
    if not current.pictures:
        return
    with st.popover("Download", icon=":material/download:"):
        _button("All, side by side", f"{name}-all.png", "all", lambda: sheet(current.pictures))
        for index, picture in enumerate(current.pictures):
            _button(literal(picture.name), f"{name}-{index}.png", str(index), _single(current, index))
        st.caption("PNG files. The sheet of all pictures is enlarged four times; single pictures keep their size.")


def sheet(pictures: Sequence[Picture]) -> bytes:
    """All pictures as one PNG: rows of images below each other, single images beside each other."""
    count = len(pictures[0].images)
    images: Array = np.concatenate([_coloured(picture.images) for picture in pictures])
    return png_bytes(mosaic(images, count if count > 1 else len(pictures), scale=SHEET_SCALE))


def _single(current: CurrentPictures, index: int) -> Callable[[], bytes]:
    def content() -> bytes:
        images = current.pictures[min(index, len(current.pictures) - 1)].images
        return png_bytes(mosaic(images, len(images)))

    return content


def _coloured(images: Array) -> Array:
    return np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images


def _button(label: str, file_name: str, key: str, content: Callable[[], bytes]) -> None:
    st.download_button(
        label, content, file_name=file_name, mime="image/png", key=f"png-{key}", on_click="ignore", width="stretch"
    )


def train_link(model: OpenedModel, corruption: str, level: float) -> None:
    """Draws a link that opens the Train page with the model's configuration and this corruption."""
    st.page_link(
        "train/page.py",
        label="Train a better one",
        icon=":material/model_training:",
        help="Opens Train with the first model's settings, and with this corruption if the model was not trained on it.",
        query_params=train_query(model, corruption, level),
    )


def train_query(model: OpenedModel, corruption: str, level: float) -> dict[str, str]:
    """The settings for the Train page, as its query parameters.

    If the model was trained on this corruption, its corruptions and their range of levels are kept. A full dataset that is
    not on this machine is replaced by its sample.
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
