"""Colourisation: grey and coloured under one divider, the true colours beside them, and what can be had without a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.common.errors import literal, sentences
from pages.common.opened_model import POINTS, OpenedModel
from pages.denoise.case import Case, Restored, by_models, damaged_case, judged
from pages.denoise.curves import curves_panel
from pages.denoise.gallery import Tile, gallery
from pages.denoise.images import Chosen, choose_images
from pages.denoise.models import Task, choose_models, note
from pages.denoise.restore import already_damaged
from pages.denoise.take_away import show, take_away, train_link
from pages.denoise.tiles import tiles_of
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
"""Test images among which the one is looked for whose answer is most between its colours."""
BETWEEN_DB = 3.0
"""A difference in PSNR up to which an answer counts as between two colours: a factor of two in squared error."""


def colour_view() -> None:
    """All of the view."""
    with st.sidebar:
        models = choose_models(TASK)
        given = already_damaged()
        note(models)
    chosen, place = choose_images(models[0])
    if chosen is None:
        return
    with place, sentences():
        (split_as_given if given else _pictures)(models, chosen)
    take_away(models[0].run.id)
    if not given:
        _ambiguous(models[0], chosen)
        st.markdown("**Over the test images**")
        curves_panel(models, NAME)


def _pictures(models: Sequence[OpenedModel], chosen: Chosen) -> None:
    case = damaged_case(chosen.images, NAME, 0.0, 0)
    restored = by_models(models, case)
    first, grey, *others = tiles_of(models, case, restored)
    tiles = [Tile("True colours", first.images), Tile("Grey", grey.images, "", grey.clean, grey.quality), *others]
    clean = case.clean.numpy()
    tiles += [
        Tile(title, one.images, about, clean, one.quality) for title, about, one in _baselines(models[0], case, chosen)
    ]
    split_beside(tiles, ("grey", others[0].name), "Grey and coloured", 150)
    show(tiles)
    train_link(models[0], NAME, 0.0)


def _baselines(model: OpenedModel, case: Case, chosen: Chosen) -> list[tuple[str, str, Restored]]:
    """Title, a few words and the pictures of the mean colour, and of the class's where it is known."""
    means, grey = _means(model.dataset.name, model), to_float(case.damaged)
    found = [(TITLES["mean-colour"], "of all training images", judged(means.mean_colour(grey), case))]
    if chosen.labels is not None:
        coloured = means.class_mean_colour(grey, torch.from_numpy(np.array(chosen.labels)))
        found.append(("Class's mean colour", "told the true class", judged(coloured, case)))
    return found


@st.cache_resource(max_entries=8, show_spinner=False)
def _means(dataset: str, _model: OpenedModel) -> MeanColours:
    images = baseline_training_images(_model.dataset)
    grey = corrupt_split(images, [NAME], (0.0, 0.0), 0)
    return mean_colours(_model.dataset, grey, images, _model.dataset.train_labels[: len(images)])


def _ambiguous(model: OpenedModel, chosen: Chosen) -> None:
    """An image whose colour a coin has decided, in colours that were as likely, and the model's answer."""
    if not isinstance(catalogue.SOURCES.get(model.dataset.name), TintedSource):
        return
    index = _ambiguous_index(model, chosen)
    if index is None:
        return
    label = int(model.labels[index])
    drawn = _other_colours(model.dataset.name, index, label)
    grey = corrupt_split(drawn[:1], [NAME], (0.0, 0.0), 0).numpy()
    st.markdown(f"**What nobody can know**: class {literal(model.dataset.classes[label])}, test image {index}")
    tiles = [Tile("Grey", grey)]
    answer: Tile | None = None
    nearness: list[float] = []
    for number in range(len(drawn)):
        case = damaged_case(drawn[number : number + 1].numpy(), NAME, 0.0, 0)
        name, one = next(iter(by_models([model], case).items()))
        answer = Tile(name, one.images, "its answer")
        nearness += [one.quality.psnr] if one.quality else []
        tiles.append(Tile(f"Could be, {number + 1}", case.clean.numpy(), "", None, one.quality))
    gallery([*tiles, *([answer] if answer else [])], size=120)
    st.caption(claim(nearness))


def claim(nearness: Sequence[float]) -> str:
    """What the answer shows, by its PSNR in dB to each of the colours that could be."""
    near, far = max(nearness), min(nearness)
    told = (
        "For this class a coin decides between a hue and its opposite, and the grey picture tells nothing of it. The answer "
        "with the least mean squared error lies between the two: it is wrong for each, and no model can do better on average. "
    )
    if near - far <= BETWEEN_DB:
        return told + (
            f"So does this model's: {near:.1f} dB to the nearest colour, {far:.1f} dB to the furthest, nearly as much."
        )
    return told + (
        f"This model has taken a side here: {near:.1f} dB to the nearest colour, {far:.1f} dB to the furthest. It can know "
        "no better which one is right, and for every second such image it is wrong."
    )


def _ambiguous_index(model: OpenedModel, chosen: Chosen) -> int | None:
    """The chosen test image where it is of such a class, else that of the first ones whose answer is most between."""
    if chosen.labels is not None and int(chosen.labels[0]) in tints.AMBIGUOUS and chosen.first is not None:
        return chosen.first
    return _most_between(model.run.id, model)


@st.cache_data(max_entries=16, show_spinner=False)
def _most_between(run_id: str, _model: OpenedModel) -> int | None:
    """The image whose answer is about as near to a colour of the one side of the coin as to one of the other."""
    found = np.flatnonzero(np.isin(_model.labels.numpy(), tints.AMBIGUOUS))[:CANDIDATES].tolist()
    gaps = {}
    for index in found:
        sides = _other_colours(_model.dataset.name, index, int(_model.labels[index]))[[0, -1]]
        cases = [damaged_case(side[None].numpy(), NAME, 0.0, 0) for side in sides]
        judgements = [next(iter(by_models([_model], case).values())).quality for case in cases]
        first, last = (one.psnr if one else 0.0 for one in judgements)
        gaps[index] = abs(first - last)
    return min(gaps, key=lambda index: gaps[index]) if gaps else None


@st.cache_data(max_entries=64, show_spinner=False)
def _other_colours(name: str, index: int, label: int) -> Tensor:
    """One grey test image in colours that are equally likely, (DRAWS, 3, H, W) uint8, of both sides of the coin."""
    source = catalogue.SOURCES[name]
    assert isinstance(source, TintedSource)
    grey = held_out(datasets.load_dataset(source.base.name), POINTS)[0][index : index + 1].numpy()
    images, labels = np.repeat(grey, 4 * DRAWS, axis=0), np.full(4 * DRAWS, label)
    hues, coloured = (colour(images, labels, source.visible, 0) for colour in (tints.hues, tints.tinted))
    order = np.argsort(hues, kind="stable")
    evenly = order[np.linspace(0, len(order) - 1, DRAWS).round().astype(int)]
    return torch.from_numpy(coloured[evenly])
