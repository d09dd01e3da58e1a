"""Which models restore: chosen in the sidebar, in the address, each opened once for all sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common import address
from pages.common.errors import literal, sentences
from pages.common.moved import ask_where
from pages.common.opened_model import OpenedModel, choices, open_model
from pages.common.session import open_anywhere
from vae_core.config import RunConfig
from vae_core.data.datasets import Dataset
from vae_core.errors import ConfigError, LatentLabError
from vae_core.evaluation.restoration import RestorationData, restoration_data
from vae_core.registry.model_rows import MODELS

PARAMETER = "models"
MOST = 6


@dataclass(frozen=True)
class Task:
    """What a view is for.

    Attributes:
        name: of the view.
        corruption: that the models of the view were trained on; empty where any model will do.
        offered: the models that are chosen at first, where they are here.
    """

    name: str
    corruption: str = ""
    offered: tuple[str, ...] = ()


def choose_models(task: Task) -> list[OpenedModel]:
    """The chosen models that can be used together, the first of which decides on the images; says what is wrong with others.

    Raises:
        ConfigError: none is chosen, or there is none for this task.
    """
    names = _for_task(task)
    if not names:
        raise ConfigError(
            f"There is no model here that was trained on {task.corruption}; train one on the Train page with that "
            "corruption, then it can be chosen here."
        )
    key = f"models@{task.name}"
    offered = [one for one in task.offered if one in names] or list(names)[:1]
    address.take(PARAMETER, task.name, key, offered, lambda text: _read(task, names, offered, text))
    chosen = st.multiselect(
        "Models", list(names), default=st.session_state[key],  # else a page that mounts late shows none
        key=key, format_func=lambda one: names[one], max_selections=MOST,
        help="The first decides on the images: the others must take images of the same size and colours.",
    )  # fmt: skip
    address.write(PARAMETER, task.name, ",".join(chosen))
    if not chosen:
        raise ConfigError("Choose at least one model, in the panel on the left.")
    return _opened(chosen)


def labelled(models: Sequence[OpenedModel]) -> dict[str, OpenedModel]:
    """The models by their names, with the id behind where two have the same."""
    names = [model.run.name for model in models]
    return {
        name if names.count(name) == 1 else f"{name} ({model.run.id})": model
        for name, model in zip(names, models, strict=True)
    }


def about(model: OpenedModel) -> str:
    """What a model is, in a few words for below its name."""
    config = model.run.config
    seen = f"trained on {_damage(config)}" if config.data.corruption else "never saw damage"
    plural = "s" if model.latent > 1 else ""
    return f"{MODELS[config.model.model].short}, {model.latent} latent{plural}, {config.data.dataset}, {seen}"


def _damage(config: RunConfig) -> str:
    low, high = config.data.levels
    level = "" if not high else f" {low:g}" if low == high else f" {low:g} to {high:g}"
    return " and ".join(config.data.corruption) + level


def _for_task(task: Task) -> dict[str, str]:
    names = choices()
    if not task.corruption:
        return names
    return {one: name for one, name in names.items() if task.corruption in _corruptions(one)}


@st.cache_data(ttl=5, max_entries=512, show_spinner=False)
def _corruptions(run_id: str) -> tuple[str, ...]:
    return open_anywhere(run_id).config.data.corruption


def _read(task: Task, names: dict[str, str], offered: list[str], text: str) -> tuple[list[str], list[LatentLabError]]:
    """The models of the address that can be chosen, and why others cannot."""
    wanted = list(dict.fromkeys(part for part in text.split(",") if part))[:MOST]
    refused: list[LatentLabError] = []
    for one in wanted:
        if one not in names:
            try:
                open_model(one)
            except LatentLabError as error:  # there is none, or it is damaged
                refused.append(error)
            else:
                refused.append(
                    ConfigError(f"The model {one!r} was not trained on {task.corruption}; choose another one.")
                )
    return [one for one in wanted if one in names] or offered, refused


def _opened(chosen: Sequence[str]) -> list[OpenedModel]:
    opened: list[OpenedModel] = []
    for one in chosen:
        with sentences():
            model = open_model(one)
            _check_fits(model, opened)
            opened.append(model)
            ask_where(model.run, f"denoise-{one}")
    if not opened:
        raise ConfigError("None of the chosen models can be used; choose another one.")
    return opened


def _check_fits(model: OpenedModel, opened: list[OpenedModel]) -> None:
    if not opened or model.trained.image_shape == opened[0].trained.image_shape:
        return
    raise ConfigError(
        f"{model.run.name} takes {_kind(model)} and {opened[0].run.name} {_kind(opened[0])}; take one of them out of the "
        "models."
    )


def _kind(model: OpenedModel) -> str:
    channels, height, width = model.trained.image_shape
    return f"{'colour' if channels == 3 else 'grey'} images of {width} x {height} pixels"


@st.cache_resource(max_entries=16, show_spinner="Reading the images")
def _material(
    run_id: str, name: str, stamp: int, images: int, _model: OpenedModel, _dataset: Dataset
) -> RestorationData:
    return restoration_data(_dataset, _model.trained, images)


def material_of(model: OpenedModel, images: int, dataset: Dataset | None = None) -> RestorationData:
    """Test images of a dataset, by default the model's own, and other images to fit the opponents on."""
    used = dataset or model.dataset
    return _material(model.run.id, used.name, model.trained.step, images, model, used)


def note(models: Sequence[OpenedModel]) -> None:
    """What stands in the sidebar about the images of the chosen models, once for all that have it in common."""
    for words in dict.fromkeys(model.note for model in models if model.note):
        names = ", ".join(model.run.name for model in models if model.note == words)
        st.caption(literal(f"{names}: {words[0].lower()}{words[1:]}"))
