"""The colourisation view: grey and coloured under one divider, beside the true colours and baselines without a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.common.errors import literal, show_errors
from pages.common.opened_model import POINTS, OpenedModel
from pages.denoise.curves import curves_panel
from pages.denoise.damaged_images import DamagedImages, Restored, damage_images, restore_with_each, with_quality
from pages.denoise.download import download_buttons, remember_pictures, train_link
from pages.denoise.gallery import Picture, gallery
from pages.denoise.images import ChosenImages, choose_images
from pages.denoise.models import Task, choose_models, dataset_notes
from pages.denoise.restore import already_damaged
from pages.denoise.restored_pictures import pictures_of
from pages.denoise.watermark import split_as_given, split_beside
from vae_core.data import catalogue, datasets, tints
from vae_core.data.batches import held_out, to_float
from vae_core.data.bundled import TintedSource
from vae_core.data.corruptions import corrupt_split
from vae_core.evaluation.colours import TITLES, MeanColours, mean_colours
from vae_core.evaluation.restoration import baseline_training_images

NAME = "greyscale"
TASK = Task("Colour", NAME, offered=("colouriser-digits",))
DRAWS = 4
CANDIDATES = 24
"""Number of test images searched for the one whose answer lies most nearly halfway between its colours."""
BETWEEN_DB = 3.0
"""An answer counts as lying between two colours up to this difference in PSNR: a factor of two in squared error."""


def colour_view() -> None:
    """Draws the view."""
    with st.sidebar:
        models = choose_models(TASK)
        given = already_damaged()
        dataset_notes(models)
    chosen, place = choose_images(models[0])
    if chosen is None:
        return
    with place, show_errors():
        (split_as_given if given else _draw_pictures)(models, chosen)
    download_buttons(models[0].run.id)
    if not given:
        _ambiguous(models[0], chosen)
        st.markdown("**Over the test images**")
        curves_panel(models, NAME)


def _draw_pictures(models: Sequence[OpenedModel], chosen: ChosenImages) -> None:
    damaged = damage_images(chosen.images, NAME, 0.0, 0)
    restored = restore_with_each(models, damaged)
    first, grey, *others = pictures_of(models, damaged, restored)
    pictures = [
        Picture("True colours", first.images),
        Picture("Grey", grey.images, "", grey.clean, grey.quality),
        *others,
    ]
    clean = damaged.clean.numpy()
    pictures += [
        Picture(title, coloured.images, about, clean, coloured.quality)
        for title, about, coloured in _baselines(models[0], damaged, chosen)
    ]
    split_beside(pictures, ("grey", others[0].name), "Grey and coloured", 150)
    remember_pictures(pictures)
    train_link(models[0], NAME, 0.0)


def _baselines(model: OpenedModel, damaged: DamagedImages, chosen: ChosenImages) -> list[tuple[str, str, Restored]]:
    """Title, description and images of the mean colour, and of the class's mean colour if the class is known."""
    means, grey = _means(model.dataset.name, model), to_float(damaged.images)
    baselines = [(TITLES["mean-colour"], "of all training images", with_quality(means.mean_colour(grey), damaged))]
    if chosen.labels is not None:
        coloured = means.class_mean_colour(grey, torch.from_numpy(np.array(chosen.labels)))
        baselines.append(("Class's mean colour", "knows the true class", with_quality(coloured, damaged)))
    return baselines


@st.cache_resource(max_entries=8, show_spinner=False)
def _means(dataset: str, _model: OpenedModel) -> MeanColours:
    images = baseline_training_images(_model.dataset)
    grey = corrupt_split(images, [NAME], (0.0, 0.0), 0)
    return mean_colours(_model.dataset, grey, images, _model.dataset.train_labels[: len(images)])


def _ambiguous(model: OpenedModel, chosen: ChosenImages) -> None:
    """Shows an image whose colour was decided by a coin flip: equally likely colours, and the model's answer."""
    if not isinstance(catalogue.SOURCES.get(model.dataset.name), TintedSource):
        return
    index = _ambiguous_index(model, chosen)
    if index is None:
        return
    label = int(model.labels[index])
    drawn = _other_colours(model.dataset.name, index, label)
    grey = corrupt_split(drawn[:1], [NAME], (0.0, 0.0), 0).numpy()
    st.markdown(
        f"**An image with no single answer**: class {literal(model.dataset.classes[label])}, test image {index}"
    )
    pictures = [Picture("Grey", grey)]
    answer: Picture | None = None
    nearness: list[float] = []
    for number in range(len(drawn)):
        damaged = damage_images(drawn[number : number + 1].numpy(), NAME, 0.0, 0)
        name, restored = next(iter(restore_with_each([model], damaged).items()))
        answer = Picture(name, restored.images, "its answer")
        nearness += [restored.quality.psnr] if restored.quality else []
        pictures.append(Picture(f"Possible colour {number + 1}", damaged.clean.numpy(), "", None, restored.quality))
    gallery([*pictures, *([answer] if answer else [])], size=120)
    st.caption(explain_answer(nearness))


def explain_answer(nearness: Sequence[float]) -> str:
    """Explains the model's answer by its PSNR in dB to each possible colour."""
    nearest, furthest = max(nearness), min(nearness)
    text = (
        "In this class, a coin flip decides between a hue and its opposite, and the grey image does not show which. The "
        "answer with the smallest mean squared error lies between the two: it is wrong for both, and no model can do better "
        "on average. "
    )
    figures = f"{nearest:.1f} dB to the nearest colour and {furthest:.1f} dB to the furthest"
    if nearest - furthest <= BETWEEN_DB:
        return f"{text}So does this model's answer: {figures}, nearly the same."
    return (
        f"{text}This model chose a side here: {figures}. It cannot know which one is right, and is wrong for half of such "
        "images."
    )


def _ambiguous_index(model: OpenedModel, chosen: ChosenImages) -> int | None:
    """The chosen test image if its class is ambiguous, otherwise the one that `_most_between` finds."""
    if chosen.labels is not None and int(chosen.labels[0]) in tints.AMBIGUOUS and chosen.first is not None:
        return chosen.first
    return _most_between(model.run.id, model)


@st.cache_data(max_entries=16, show_spinner=False)
def _most_between(run_id: str, _model: OpenedModel) -> int | None:
    """The image whose answer is most nearly as close to a colour of one side of the coin as to one of the other."""
    candidates = np.flatnonzero(np.isin(_model.labels.numpy(), tints.AMBIGUOUS))[:CANDIDATES].tolist()
    gaps = {}
    for index in candidates:
        sides = _other_colours(_model.dataset.name, index, int(_model.labels[index]))[[0, -1]]
        both = [damage_images(side[None].numpy(), NAME, 0.0, 0) for side in sides]
        qualities = [next(iter(restore_with_each([_model], damaged).values())).quality for damaged in both]
        first, last = (quality.psnr if quality else 0.0 for quality in qualities)
        gaps[index] = abs(first - last)
    return min(gaps, key=lambda index: gaps[index]) if gaps else None


@st.cache_data(max_entries=64, show_spinner=False)
def _other_colours(name: str, index: int, label: int) -> Tensor:
    """One grey test image in equally likely colours from both sides of the coin, (DRAWS, 3, H, W) uint8."""
    source = catalogue.SOURCES[name]
    assert isinstance(source, TintedSource)
    grey = held_out(datasets.load_dataset(source.base.name), POINTS)[0][index : index + 1].numpy()
    images, labels = np.repeat(grey, 4 * DRAWS, axis=0), np.full(4 * DRAWS, label)
    hues, coloured = (colour(images, labels, source.visible, 0) for colour in (tints.hues, tints.tinted))
    order = np.argsort(hues, kind="stable")
    evenly = order[np.linspace(0, len(order) - 1, DRAWS).round().astype(int)]
    return torch.from_numpy(coloured[evenly])
