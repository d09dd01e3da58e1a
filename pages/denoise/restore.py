"""The main view: clean, damaged and restored images with error maps. What follows the level slider is a fragment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.common.errors import literal, show_errors
from pages.common.opened_model import OpenedModel
from pages.common.query_params import check_number, report_missing
from pages.denoise.baselines import baselines_panel, stop_other_baselines
from pages.denoise.damaged_images import clipping_text, damage_images, restore_with_each, take_as_given
from pages.denoise.download import download_buttons, remember_pictures, train_link
from pages.denoise.gallery import Picture, gallery, legend
from pages.denoise.images import ChosenImages, choose_images
from pages.denoise.level import current_level, level_slider, read_level
from pages.denoise.models import Task, choose_models, dataset_notes
from pages.denoise.restored_pictures import pictures_as_given, pictures_of
from vae_core.registry.corruption_rows import CORRUPTIONS

TASK = Task("Restore", offered=("mnist-denoiser", "example-ae-2d", "example-vae-20d"))
"""At first: a denoising model, and two that never saw noise."""
LARGEST_SEED = 2**32 - 1


def restore_view() -> None:
    """Draws the view."""
    damage_view(TASK, _corruption, _draw_pictures, as_given)


def damage_view(
    task: Task,
    corruption: Callable[[int], str],
    draw_pictures: Callable[[Sequence[Picture]], None],
    draw_given: Callable[[Sequence[OpenedModel], ChosenImages], None],
) -> None:
    """Draws a view with a level slider: the choices in the sidebar, the images and the pictures.

    Args:
        task: the models to offer.
        corruption: returns the corruption's name for images with that many channels; it may draw a choice.
        draw_pictures: draws the damaged and restored pictures.
        draw_given: draws images that are damaged already.
    """
    with st.sidebar:
        models = choose_models(task)
        is_damaged = already_damaged()
        name = "" if is_damaged else corruption(models[0].trained.image_shape[0])
        seed = 0 if is_damaged else choose_seed()
        dataset_notes(models)
    chosen, place = choose_images(models[0])
    if chosen is None:
        return
    with place:
        if is_damaged:
            draw_given(models, chosen)
        else:
            _follow(models, chosen, name, seed, draw_pictures)
    download_buttons(models[0].run.id)


def already_damaged() -> bool:
    """Draws the toggle for images that are damaged already, to which no damage is added."""
    return st.toggle(
        "It is damaged already", key="damaged", bind="query-params",
        help="Adds no damage. There are no figures either, since the original is unknown.",
    )  # fmt: skip


def choose_seed() -> int:
    """Draws the seed of the damage."""
    check_number("seed", "Seed", 0, low=0, high=LARGEST_SEED)
    seed = st.number_input(
        "Seed", 0, LARGEST_SEED, 0, key="seed", bind="query-params",
        help="Seed of the random damage. The same seed damages the same places at every level.",
    )  # fmt: skip
    return int(seed)


def as_given(models: Sequence[OpenedModel], chosen: ChosenImages) -> None:
    """Draws images that are damaged already, and their restorations."""
    with show_errors():
        damaged = take_as_given(chosen.images)
        pictures = pictures_as_given(damaged, restore_with_each(models, damaged))
        gallery(pictures)
        st.caption(
            "No damage was added, so there is no original to compare with: no error map and no figures. The simple baselines "
            "are left out too, because they are tuned for a known damage."
        )
        remember_pictures(pictures)


def _corruption(channels: int) -> str:
    """Draws the choice of a corruption that applies to images with that many channels."""
    offered = [name for name, row in CORRUPTIONS.items() if channels in row.channels]
    report_missing("corrupt", "corruption for these images", offered, offered[0])
    name = st.selectbox("Corruption", offered, key="corrupt", bind="query-params")
    st.caption(literal(CORRUPTIONS[name].about))
    return str(name)


def _draw_pictures(pictures: Sequence[Picture]) -> None:
    gallery(pictures)
    legend()


@st.fragment(key="restoring")
def _follow(
    models: Sequence[OpenedModel],
    chosen: ChosenImages,
    name: str,
    seed: int,
    draw_pictures: Callable[[Sequence[Picture]], None],
) -> None:
    """Draws the level slider and the pictures that follow it. The pictures come first, so that they appear first."""
    slider, place = st.container(), st.container()
    with show_errors():
        with slider:
            read_level(name)
        damaged = damage_images(chosen.images, name, current_level(name), seed)
        stop_other_baselines(models[0], damaged)
        restored = restore_with_each(models, damaged)
        pictures = pictures_of(models, damaged, restored)
        with place:
            draw_pictures(pictures)
        remember_pictures(pictures)
        with slider:
            level_slider(name)
        words = clipping_text(damaged)
        if words:
            st.caption(literal(words))
        train_link(models[0], name, damaged.level)
        baselines_panel(models, damaged, restored)
