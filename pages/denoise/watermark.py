"""Watermarks: before and after under one divider, beside the figures and what filters can do."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.components.divider import divider
from pages.common.errors import sentences
from pages.common.opened_model import OpenedModel
from pages.denoise.case import by_models, given_case
from pages.denoise.gallery import Tile, gallery, legend
from pages.denoise.images import Chosen
from pages.denoise.models import Task
from pages.denoise.restore import damage_view
from pages.denoise.take_away import show
from pages.denoise.tiles import given_tiles
from vae_core.types import Array

NAME = "watermark"
TASK = Task("Watermark", NAME, offered=("watermark-remover",))
SINGLE, ROW = 400, 1000


def watermark_view() -> None:
    """All of the view."""
    damage_view(TASK, lambda _: NAME, _pictures, split_as_given)


def split_beside(tiles: Sequence[Tile], names: tuple[str, str], label: str, size: int) -> None:
    """The damaged images and the first model's under one divider, and all tiles beside it, or below where they are many."""
    damaged, restored = tiles[1:3]
    with st.container(key="top-split"):
        single = len(damaged.images) == 1
        left, right = st.columns([2, 3]) if single else (st.container(), st.container())
        with left:
            split(damaged.images, restored.images, names, label)
        with right:
            gallery(tiles, size=size)
            legend()


def split(before: Array, after: Array, names: tuple[str, str], label: str) -> None:
    """Images (N, C, H, W) uint8 under one divider, N of them in a row."""
    count = len(before)
    divider(before, after, key="split", names=names, label=label, columns=count, size=SINGLE if count == 1 else ROW)


def split_as_given(models: Sequence[OpenedModel], chosen: Chosen) -> None:
    """The images as they are, and restored by the first model, under one divider."""
    with sentences():
        case = given_case(chosen.images)
        tiles = given_tiles(case, by_models(models, case))
        split(chosen.images, tiles[1].images, ("as given", tiles[1].name), "As given and restored")
        st.caption("Nothing was added, so there is no original to compare with, and no figure is claimed.")
        show(tiles)


def _pictures(tiles: Sequence[Tile]) -> None:
    split_beside(tiles, ("watermarked", tiles[2].name), "Watermarked and restored", 170)
