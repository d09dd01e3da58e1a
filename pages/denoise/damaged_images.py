"""Damaged images, and their restorations by models and by simple baselines."""

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
"""Test images from which a model's usual reconstruction quality is estimated."""


@dataclass(frozen=True, eq=False)
class DamagedImages:
    """Images with and without damage.

    Attributes:
        clean: the originals, (N, C, H, W) uint8; if they are unknown, the damaged images.
        images: the damaged images, of the same shape.
        corruption: its name; empty if the images were given already damaged.
        level, seed: the corruption's level and random seed.
    """

    clean: Tensor
    images: Tensor
    corruption: str = ""
    level: float = 0.0
    seed: int = 0

    @property
    def has_original(self) -> bool:
        """Whether the undamaged images are known."""
        return bool(self.corruption)

    @property
    def key(self) -> tuple[bytes, str, float, int]:
        """Everything that identifies the images and their damage."""
        return self.clean.numpy().tobytes(), self.corruption, self.level, self.seed


@dataclass(frozen=True, eq=False)
class Restored:
    """Restored images, (N, C, H, W) uint8, and their quality, or None if the originals are unknown."""

    images: Array
    quality: Quality | None


def damage_images(images: Array, corruption: str, level: float, seed: int) -> DamagedImages:
    """Damages images (N, C, H, W) uint8.

    Raises:
        ConfigError: the level is out of range, or the corruption does not apply to that number of channels.
    """
    clean = torch.from_numpy(np.array(images))
    check_channels([corruption], clean.shape[1])
    CORRUPTIONS[corruption].check_level(level)
    return DamagedImages(clean, corrupt_split(clean, [corruption], (level, level), seed), corruption, level, seed)


def take_as_given(images: Array) -> DamagedImages:
    """Wraps images (N, C, H, W) uint8 that are damaged already; their originals are unknown."""
    tensor = torch.from_numpy(np.array(images))
    return DamagedImages(tensor, tensor)


def restore_with(model: OpenedModel, damaged: DamagedImages) -> Restored:
    """Restores the images with a model.

    Raises:
        DataError: the model takes images of another shape.
    """
    return with_quality(restore(model.trained, to_float(damaged.images)), damaged)


def restore_with_each(models: Sequence[OpenedModel], damaged: DamagedImages) -> dict[str, Restored]:
    """Restores the images with each model. The keys are the models' labels."""
    return {label: restore_with(model, damaged) for label, model in labelled(models).items()}


def reconstruction_quality(model: OpenedModel, damaged: DamagedImages) -> Quality:
    """The quality of the model's reconstruction of the clean images, which its restoration hardly exceeds."""
    clean = to_float(damaged.clean)
    return quality(restore(model.trained, clean), clean)


def usual_reconstruction_psnr(model: OpenedModel) -> float:
    """The PSNR in dB that 95% of the model's own test images reach when they are reconstructed undamaged."""
    return _usual_reconstruction_psnr(model.run.id, model.trained.step, model)


@st.cache_data(max_entries=64, show_spinner=False)
def _usual_reconstruction_psnr(run_id: str, step: int, _model: OpenedModel) -> float:
    images = to_float(_model.images[:USUAL_IMAGES])
    return float(np.quantile(psnr(restore(_model.trained, images), images).numpy(), 0.05))


def clipping_text(damaged: DamagedImages) -> str:
    """Says what clipping to [0, 1] did to the noise in these images; empty if nothing was clipped."""
    if not CORRUPTIONS[damaged.corruption].clipping or damaged.level == 0:
        return ""
    noise = (damaged.images.numpy().astype(np.float64) - damaged.clean.numpy()) / 255
    mean = round(float(noise.mean()), 2)
    if mean == 0:
        words = "as much above as below, so these images keep their brightness."
    else:
        ground, change = ("black", "brightens") if mean > 0 else ("white", "darkens")
        words = f"near {ground}, half of the noise is lost and the rest {change} the image."
    return (
        f"Values outside 0 to 1 are clipped: {words} Here the noise keeps a standard deviation of {noise.std():.2f} of the "
        f"{damaged.level:g} that was added, and its mean is {mean + 0.0:+.2f}."
    )


def with_quality(images: Tensor, damaged: DamagedImages) -> Restored:
    """Converts restored images (N, C, H, W) in [0, 1] to uint8 and measures their quality."""
    return Restored(bytes_of(images), quality(images, to_float(damaged.clean)) if damaged.has_original else None)


def damaged_quality(damaged: DamagedImages) -> Quality | None:
    """The quality of the damaged images themselves, or None if the originals are unknown."""
    return quality(to_float(damaged.images), to_float(damaged.clean)) if damaged.has_original else None


def restore_with_baselines(model: OpenedModel, damaged: DamagedImages) -> Iterator[tuple[Tuned, Restored]]:
    """Restores the images with one baseline after the other, each without and with tone correction.

    Args:
        model: the baselines are tuned on its training images, and learned from them.
        damaged: images whose originals are known.
    """
    images, others = to_float(damaged.images).numpy(), baseline_training_images(model.dataset)
    for name in names_for(damaged.clean[0].numel()):
        find = _learned if isinstance(BASELINES[name], Learned) else _tuned
        for tuned in find(model.dataset.name, damaged.corruption, damaged.level, name, others).values():
            yield tuned, with_quality(torch.from_numpy(tuned.apply(images)), damaged)


@st.cache_data(max_entries=1024, show_spinner=False)
def _tuned(dataset: str, corruption: str, level: float, name: str, _others: Tensor) -> dict[str, Tuned]:
    """Tunes a baseline on the first training images, damaged with another seed."""
    return _tuned_on(corruption, level, name, _others, None)


@st.cache_data(max_entries=8, show_spinner=False)
def _learned(dataset: str, corruption: str, level: float, name: str, _others: Tensor) -> dict[str, Tuned]:
    """Tunes a baseline that learns from the training images that follow. Few are cached, since one can take 20 MB."""
    return _tuned_on(corruption, level, name, _others, learning_examples(_others, corruption, level, 1))


def _tuned_on(corruption: str, level: float, name: str, others: Tensor, examples: Examples | None) -> dict[str, Tuned]:
    clean = tuning_images(others)
    damaged = corrupt_split(clean, [corruption], (level, level), 1)
    return tuned_baselines(to_float(damaged).numpy(), to_float(clean).numpy(), examples, [name])
