"""What is looked at: clean images, how they are damaged, and what a model or a filter makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.common.opened_model import OpenedModel
from pages.denoise.models import labelled
from vae_core.data.batches import to_float
from vae_core.data.corruptions import corrupt_split
from vae_core.evaluation.restoration import (
    baseline_training_images,
    bytes_of,
    learning_examples,
    psnr,
    quality,
    restore,
    tuning_images,
)
from vae_core.metrics.baselines import BASELINES, Examples, Learned, Tuned, names_for, tuned_baselines
from vae_core.registry.corruption_rows import CORRUPTIONS, check_channels
from vae_core.storage.measurements import Quality
from vae_core.types import Array

USUAL_IMAGES = 200


@dataclass(frozen=True, eq=False)
class Case:
    """Images and their damage.

    Attributes:
        clean: (N, C, H, W) uint8; of a picture that came damaged, the picture itself.
        damaged: the same shape.
        corruption: a name, or empty where nothing was added.
        level, seed: of the damage.
    """

    clean: Tensor
    damaged: Tensor
    corruption: str = ""
    level: float = 0.0
    seed: int = 0

    @property
    def known(self) -> bool:
        """Whether anybody knows what the images should look like."""
        return bool(self.corruption)

    @property
    def key(self) -> tuple[bytes, str, float, int]:
        """All that the case depends on."""
        return self.clean.numpy().tobytes(), self.corruption, self.level, self.seed


@dataclass(frozen=True, eq=False)
class Restored:
    """What a method makes of a case: uint8 images, and their quality where the clean ones are known."""

    images: Array
    quality: Quality | None


def damaged_case(images: Array, corruption: str, level: float, seed: int) -> Case:
    """Images (N, C, H, W) uint8, damaged.

    Raises:
        ConfigError: the level is out of its range, or the images have the wrong channels.
    """
    clean = torch.from_numpy(np.array(images))
    check_channels([corruption], clean.shape[1])
    CORRUPTIONS[corruption].check_level(level)
    return Case(clean, corrupt_split(clean, [corruption], (level, level), seed), corruption, level, seed)


def given_case(images: Array) -> Case:
    """Images that came damaged: nothing is added."""
    given = torch.from_numpy(np.array(images))
    return Case(given, given)


def by_model(model: OpenedModel, case: Case) -> Restored:
    """The model's picture of the damaged images.

    Raises:
        DataError: it takes images of another shape.
    """
    return judged(restore(model.trained, to_float(case.damaged)), case)


def by_models(models: Sequence[OpenedModel], case: Case) -> dict[str, Restored]:
    """What each model makes of it, by the models' labels."""
    return {label: by_model(model, case) for label, model in labelled(models).items()}


def bound_of(model: OpenedModel, case: Case) -> Quality:
    """The quality of the model's reconstruction of the clean images, which its restoration can hardly exceed."""
    clean = to_float(case.clean)
    return quality(restore(model.trained, clean), clean)


def usual_bound(model: OpenedModel) -> float:
    """The PSNR that 95% of the model's own test images reach or exceed when they come back undamaged."""
    return _usual_bound(model.run.id, model.trained.step, model)


@st.cache_data(max_entries=64, show_spinner=False)
def _usual_bound(run_id: str, step: int, _model: OpenedModel) -> float:
    images = to_float(_model.images[:USUAL_IMAGES])
    return float(np.quantile(psnr(restore(_model.trained, images), images).numpy(), 0.05))


def clipping_text(case: Case) -> str:
    """What cutting to 0 to 1 did to the noise, in these images; empty where nothing is cut."""
    if not CORRUPTIONS[case.corruption].clipping or case.level == 0:
        return ""
    left = (case.damaged.numpy().astype(np.float64) - case.clean.numpy()) / 255
    mean = round(float(left.mean()), 2)
    if mean == 0:
        words = "as much above as below, so that these images keep their brightness."
    else:
        ground, change = ("black", "brightens") if mean > 0 else ("white", "darkens")
        words = f"near {ground} half of the noise is lost and the rest {change} the image."
    return (
        f"Values beyond 0 and 1 are cut off: {words} Of a standard deviation of {case.level:g}, {left.std():.2f} is left "
        f"here, and its mean is {mean + 0.0:+.2f}."
    )


def judged(images: Tensor, case: Case) -> Restored:
    """Images (N, C, H, W) in [0, 1] as bytes, with their quality."""
    return Restored(bytes_of(images), quality(images, to_float(case.clean)) if case.known else None)


def damage(case: Case) -> Quality | None:
    """The quality of the damaged images themselves."""
    return quality(to_float(case.damaged), to_float(case.clean)) if case.known else None


def filtered(model: OpenedModel, case: Case) -> Iterator[tuple[Tuned, Restored]]:
    """What each opponent makes of a case, plain and toned, one after the other.

    Args:
        model: its training images are what the opponents are tuned on and learned from.
        case: a known one.
    """
    images, others = to_float(case.damaged).numpy(), baseline_training_images(model.dataset)
    for name in names_for(case.clean[0].numel()):
        find = _learned if isinstance(BASELINES[name], Learned) else _tuned
        for one in find(model.dataset.name, case.corruption, case.level, name, others).values():
            yield one, judged(torch.from_numpy(one.apply(images)), case)


@st.cache_data(max_entries=1024, show_spinner=False)
def _tuned(dataset: str, corruption: str, level: float, name: str, _others: Tensor) -> dict[str, Tuned]:
    """On the first training images, damaged by a draw of their own."""
    return _tuned_on(corruption, level, name, _others, None)


@st.cache_data(max_entries=8, show_spinner=False)
def _learned(dataset: str, corruption: str, level: float, name: str, _others: Tensor) -> dict[str, Tuned]:
    """Learned from the training images behind those; few are kept, since one can take 20 MB."""
    return _tuned_on(corruption, level, name, _others, learning_examples(_others, corruption, level, 1))


def _tuned_on(corruption: str, level: float, name: str, others: Tensor, examples: Examples | None) -> dict[str, Tuned]:
    clean = tuning_images(others)
    worse = corrupt_split(clean, [corruption], (level, level), 1)
    return tuned_baselines(to_float(worse).numpy(), to_float(clean).numpy(), examples, [name])
