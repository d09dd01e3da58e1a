"""The choice of models in the sidebar, kept in the URL. Each model is opened once for all sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common import query_params
from pages.common.errors import literal, show_errors
from pages.common.missing_dataset import ask_for_dataset
from pages.common.opened_model import OpenedModel, choices, open_model
from pages.common.session import open_anywhere
from vae_core.config import RunConfig
from vae_core.data.datasets import Dataset
from vae_core.errors import ConfigError, LatentLabError
from vae_core.evaluation.restoration import RestorationData, restoration_data
from vae_core.registry.model_rows import MODELS

PARAMETER = "models"
MAX_MODELS = 6


@dataclass(frozen=True)
class Task:
    """A view's name, and the models that it offers.

    Attributes:
        name: the view's name.
        corruption: only models trained on it are offered; empty offers all models.
        offered: the models chosen at first, as far as they exist.
    """

    name: str
    corruption: str = ""
    offered: tuple[str, ...] = ()


def choose_models(task: Task) -> list[OpenedModel]:
    """Draws the choice and opens the models. The first one determines the images; models that do not fit are reported.

    Raises:
        ConfigError: no model is chosen, or there is none for this task.
    """
    names = _for_task(task)
    if not names:
        raise ConfigError(
            f"No model here was trained on {task.corruption}. Train one with that corruption on the Train page, then choose "
            "it here."
        )
    key = f"models@{task.name}"
    offered = [run_id for run_id in task.offered if run_id in names] or list(names)[:1]
    query_params.read_into_widget(PARAMETER, task.name, key, offered, lambda text: _read(task, names, offered, text))
    chosen = st.multiselect(
        "Models", list(names), default=st.session_state[key],  # else a page that mounts late shows none
        key=key, format_func=lambda run_id: names[run_id], max_selections=MAX_MODELS,
        help="The first model determines the images; the others must take images of the same size and number of channels.",
    )  # fmt: skip
    query_params.write(PARAMETER, task.name, ",".join(chosen))
    if not chosen:
        raise ConfigError("Choose at least one model, in the panel on the left.")
    return _opened(chosen)


def labelled(models: Sequence[OpenedModel]) -> dict[str, OpenedModel]:
    """The models by name; the id is added if two have the same name."""
    names = [model.run.name for model in models]
    return {
        name if names.count(name) == 1 else f"{name} ({model.run.id})": model
        for name, model in zip(names, models, strict=True)
    }


def describe(model: OpenedModel) -> str:
    """A short description of a model, shown below its name."""
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
    return {run_id: name for run_id, name in names.items() if task.corruption in _corruptions(run_id)}


@st.cache_data(ttl=5, max_entries=512, show_spinner=False)
def _corruptions(run_id: str) -> tuple[str, ...]:
    return open_anywhere(run_id).config.data.corruption


def _read(task: Task, names: dict[str, str], offered: list[str], text: str) -> tuple[list[str], list[LatentLabError]]:
    """The URL's models that can be chosen, and an error for each of the others."""
    requested = list(dict.fromkeys(part for part in text.split(",") if part))[:MAX_MODELS]
    refused: list[LatentLabError] = []
    for run_id in requested:
        if run_id not in names:
            try:
                open_model(run_id)
            except LatentLabError as error:  # it does not exist, or is damaged
                refused.append(error)
            else:
                refused.append(
                    ConfigError(f"The model {run_id!r} was not trained on {task.corruption}; choose another one.")
                )
    return [run_id for run_id in requested if run_id in names] or offered, refused


def _opened(chosen: Sequence[str]) -> list[OpenedModel]:
    opened: list[OpenedModel] = []
    for run_id in chosen:
        with show_errors():
            model = open_model(run_id)
            _check_fits(model, opened)
            opened.append(model)
            ask_for_dataset(model.run, f"denoise-{run_id}")
    if not opened:
        raise ConfigError("None of the chosen models can be used; choose another one.")
    return opened


def _check_fits(model: OpenedModel, opened: list[OpenedModel]) -> None:
    if not opened or model.trained.image_shape == opened[0].trained.image_shape:
        return
    raise ConfigError(
        f"{model.run.name} takes {_kind(model)}, but {opened[0].run.name} takes {_kind(opened[0])}; remove one of them from "
        "the models."
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
    """Test images of a dataset, by default the model's own, and training images to fit the baselines on."""
    used = dataset or model.dataset
    return _material(model.run.id, used.name, model.trained.step, images, model, used)


def dataset_notes(models: Sequence[OpenedModel]) -> None:
    """Draws the notes on the models' images, each note once with all models it concerns."""
    for words in dict.fromkeys(model.note for model in models if model.note):
        names = ", ".join(model.run.name for model in models if model.note == words)
        st.caption(literal(f"{names}: {words[0].lower()}{words[1:]}"))
