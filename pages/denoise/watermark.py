"""Watermarks: before and after under one divider, beside the figures and what filters can do."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.components.divider import divider
from pages.common.errors import sentences
from pages.denoise.case import by_models, damaged_case, given_case
from pages.denoise.filters import filters_panel, make_way
from pages.denoise.gallery import gallery, legend
from pages.denoise.images import Chosen, choose_images
from pages.denoise.level import current_level, level_slider, take_level
from pages.denoise.models import Task, choose_models, note
from pages.denoise.restore import already_damaged, choose_seed
from pages.denoise.take_away import show, take_away, train_link
from pages.denoise.tiles import given_tiles, tiles_of
from pages.generate.model import Explored
from vae_core.storage.arrays import Array

NAME = "watermark"
TASK = Task("Watermark", NAME, offered=("watermark-remover",))
SINGLE, ROW = 400, 1000


def watermark_view() -> None:
    """All of the view."""
    with st.sidebar:
        models = choose_models(TASK)
        given = already_damaged()
        seed = 0 if given else choose_seed()
        note(models)
    chosen, place = choose_images(models[0])
    if chosen is None:
        return
    with place:
        if given:
            split_as_given(models, chosen)
        else:
            _follow(models, chosen, seed)
    take_away(models[0].run.id)


def split(before: Array, after: Array, names: tuple[str, str], label: str) -> None:
    """Images (N, C, H, W) uint8 under one divider, N of them in a row."""
    count = len(before)
    divider(before, after, key="split", names=names, label=label, columns=count, size=SINGLE if count == 1 else ROW)


def split_as_given(models: Sequence[Explored], chosen: Chosen) -> None:
    """The images as they are, and restored by the first model, under one divider."""
    with sentences():
        case = given_case(chosen.images)
        tiles = given_tiles(case, by_models(models, case))
        split(chosen.images, tiles[1].images, ("as given", tiles[1].name), "As given and restored")
        st.caption("Nothing was added, so there is no original to compare with, and no figure is claimed.")
        show(tiles)


@st.fragment(key="unmarking")
def _follow(models: Sequence[Explored], chosen: Chosen, seed: int) -> None:
    """The slider and what follows it; the pictures come before it, as in the main view."""
    slider, pictures = st.container(), st.container(key="top-split")
    with sentences():
        with slider:
            take_level(NAME)
        case = damaged_case(chosen.images, NAME, current_level(NAME), seed)
        make_way(models[0], case)
        restored = by_models(models, case)
        tiles = tiles_of(models, case, restored)
        with pictures:
            single = len(case.clean) == 1
            left, right = st.columns([2, 3]) if single else (st.container(), st.container())
            with left:
                split(tiles[1].images, tiles[2].images, ("watermarked", tiles[2].name), "Watermarked and restored")
            with right:
                gallery(tiles, size=170)
                legend()
        show(tiles)
        with slider:
            level_slider(NAME)
        train_link(models[0], NAME, case.level)
        filters_panel(models, case, restored)
