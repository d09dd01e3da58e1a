"""The watermark view: before and after under one divider, beside the figures and the baselines."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.components.divider import divider
from pages.common.errors import show_errors
from pages.common.opened_model import OpenedModel
from pages.denoise.damaged_images import restore_with_each, take_as_given
from pages.denoise.download import remember_pictures
from pages.denoise.gallery import Picture, gallery, legend
from pages.denoise.images import ChosenImages
from pages.denoise.models import Task
from pages.denoise.restore import damage_view
from pages.denoise.restored_pictures import pictures_as_given
from vae_core.types import Array

NAME = "watermark"
TASK = Task("Watermark", NAME, offered=("watermark-remover",))
SINGLE, ROW = 400, 1000


def watermark_view() -> None:
    """Draws the view."""
    damage_view(TASK, lambda _: NAME, _draw_pictures, split_as_given)


def split_beside(pictures: Sequence[Picture], names: tuple[str, str], label: str, size: int) -> None:
    """Draws the damaged images and the first model's restoration under one divider, and all pictures beside or below it."""
    damaged, restored = pictures[1:3]
    with st.container(key="top-split"):
        single = len(damaged.images) == 1
        left, right = st.columns([2, 3]) if single else (st.container(), st.container())
        with left:
            split(damaged.images, restored.images, names, label)
        with right:
            gallery(pictures, size=size)
            legend()


def split(before: Array, after: Array, names: tuple[str, str], label: str) -> None:
    """Draws images (N, C, H, W) uint8 under one divider, N of them in a row."""
    count = len(before)
    divider(before, after, key="split", names=names, label=label, columns=count, size=SINGLE if count == 1 else ROW)


def split_as_given(models: Sequence[OpenedModel], chosen: ChosenImages) -> None:
    """Draws images that are damaged already and the first model's restoration under one divider."""
    with show_errors():
        damaged = take_as_given(chosen.images)
        pictures = pictures_as_given(damaged, restore_with_each(models, damaged))
        split(chosen.images, pictures[1].images, ("as given", pictures[1].name), "As given and restored")
        st.caption("No damage was added, so there is no original to compare with and there are no figures.")
        remember_pictures(pictures)


def _draw_pictures(pictures: Sequence[Picture]) -> None:
    split_beside(pictures, ("watermarked", pictures[2].name), "Watermarked and restored", 170)
