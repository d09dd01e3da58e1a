"""The main view: clean, damaged, restored and error map side by side; what follows the level is a fragment of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.common.address import check_number, say_missing
from pages.common.errors import literal, sentences
from pages.common.opened_model import OpenedModel
from pages.denoise.case import by_models, clipping_text, damaged_case, given_case
from pages.denoise.filters import filters_panel, make_way
from pages.denoise.gallery import Tile, gallery, legend
from pages.denoise.images import Chosen, choose_images
from pages.denoise.level import current_level, level_slider, take_level
from pages.denoise.models import Task, choose_models, note
from pages.denoise.take_away import show, take_away, train_link
from pages.denoise.tiles import given_tiles, tiles_of
from vae_core.registry.corruption_rows import CORRUPTIONS

TASK = Task("Restore", offered=("mnist-denoiser", "example-ae-2d", "example-vae-20d"))
"""What stands there at first: a denoising model, and two that never saw noise."""
MOST_SEED = 2**32 - 1


def restore_view() -> None:
    """All of the view."""
    damage_view(TASK, _corruption, _pictures, as_given)


def damage_view(
    task: Task,
    corruption: Callable[[int], str],
    pictures: Callable[[Sequence[Tile]], None],
    given: Callable[[Sequence[OpenedModel], Chosen], None],
) -> None:
    """A view with a level: what to choose in the sidebar, the images, the pictures.

    Args:
        task: which models are offered.
        corruption: of images with so many channels; may ask for it.
        pictures: draws them, from the tiles.
        given: draws images that are damaged already.
    """
    with st.sidebar:
        models = choose_models(task)
        as_it_is = already_damaged()
        name = "" if as_it_is else corruption(models[0].trained.image_shape[0])
        seed = 0 if as_it_is else choose_seed()
        note(models)
    chosen, place = choose_images(models[0])
    if chosen is None:
        return
    with place:
        if as_it_is:
            given(models, chosen)
        else:
            _follow(models, chosen, name, seed, pictures)
    take_away(models[0].run.id)


def already_damaged() -> bool:
    """Whether the images are to be taken as they are."""
    return st.toggle(
        "It is damaged already", key="damaged", bind="query-params",
        help="Nothing is added, and no figure is claimed, since nobody knows what it should look like.",
    )  # fmt: skip


def choose_seed() -> int:
    """The seed of the damage."""
    check_number("seed", "Seed", 0, low=0, high=MOST_SEED)
    seed = st.number_input(
        "Seed", 0, MOST_SEED, 0, key="seed", bind="query-params",
        help="Of the random damage: the same seed damages the same places, at any level.",
    )  # fmt: skip
    return int(seed)


def as_given(models: Sequence[OpenedModel], chosen: Chosen) -> None:
    """The images restored as they are."""
    with sentences():
        case = given_case(chosen.images)
        tiles = given_tiles(case, by_models(models, case))
        gallery(tiles)
        st.caption(
            "Nothing was added, so there is no original to compare with: no error map and no figures. The simple opponents "
            "are left out too, since they are tuned for a known damage."
        )
        show(tiles)


def _corruption(channels: int) -> str:
    """One of those that images of so many channels can take."""
    offered = [name for name, row in CORRUPTIONS.items() if channels in row.channels]
    say_missing("corrupt", "corruption for these images", offered, offered[0])
    name = st.selectbox("Corruption", offered, key="corrupt", bind="query-params")
    st.caption(literal(CORRUPTIONS[name].about))
    return str(name)


def _pictures(tiles: Sequence[Tile]) -> None:
    gallery(tiles)
    legend()


@st.fragment(key="restoring")
def _follow(
    models: Sequence[OpenedModel], chosen: Chosen, name: str, seed: int, pictures: Callable[[Sequence[Tile]], None]
) -> None:
    """The slider, and the pictures that follow it. They are drawn before it, so that they are on the page before it."""
    slider, place = st.container(), st.container()
    with sentences():
        with slider:
            take_level(name)
        case = damaged_case(chosen.images, name, current_level(name), seed)
        make_way(models[0], case)
        restored = by_models(models, case)
        tiles = tiles_of(models, case, restored)
        with place:
            pictures(tiles)
        show(tiles)
        with slider:
            level_slider(name)
        words = clipping_text(case)
        if words:
            st.caption(literal(words))
        train_link(models[0], name, case.level)
        filters_panel(models, case, restored)
