"""The held-out images on which a run is evaluated while it trains, with the loss of a perfect and of a collapsed model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vae_core.config import RunConfig
from vae_core.data import batches
from vae_core.data.corruptions import corrupt_split
from vae_core.data.datasets import Dataset
from vae_core.objectives.likelihoods import build_likelihood

MEAN_IMAGES = 20_000


@dataclass(frozen=True)
class ValidationSet:
    """A fixed part of the test split, prepared the way the run trains.

    Attributes:
        images: (n, channel, height, width) uint8, n <= 2000: the targets, binarized if the run's pixels are.
        inputs: same shape and type: what the encoder sees.
        is_corrupted: whether the inputs are corrupted images, as in a denoising run, and not the targets themselves.
        labels: (n,) int64 class indices; -1 for an image without a label.
        classes: class names.
        floor: reconstruction loss of a perfect reconstruction, in nats per image; None if the likelihood has no lower
            bound.
        collapse: reconstruction loss of a model that always outputs the mean training image, in nats per image.
    """

    images: Tensor
    inputs: Tensor
    is_corrupted: bool
    labels: Tensor
    classes: tuple[str, ...]
    floor: float | None
    collapse: float

    def to(self, device: torch.device) -> ValidationSet:
        """The same set with its images and inputs on another device."""
        return replace(self, images=self.images.to(device), inputs=self.inputs.to(device))


def build_validation_set(dataset: Dataset, config: RunConfig, training_images: Tensor) -> ValidationSet:
    """The validation set of a run, on the CPU.

    Args:
        dataset: provides the test split.
        config: the run's configuration.
        training_images: (images, channel, height, width) uint8; the mean image is taken over the first 20,000.
    """
    held_out, labels = batches.held_out(dataset)
    images, inputs = targets_and_inputs(held_out, config)
    floor, collapse = _reference_losses(config, training_images, images)
    return ValidationSet(images, inputs, bool(config.data.corruption), labels, dataset.classes, floor, collapse)


def targets_and_inputs(images: Tensor, config: RunConfig) -> tuple[Tensor, Tensor]:
    """What a run's model should output for some test images, and what its encoder sees of them.

    Both are fixed by the run's seed: dynamic binarization and corruptions are drawn once.

    Args:
        images: (images, channel, height, width) uint8.
        config: the run's configuration.

    Returns:
        Targets and inputs, both of the shape and type of `images`; the same tensor unless the run denoises.
    """
    data, seed = config.data, config.training.seed
    targets = batches.binarize_split(images, data.binarize, seed)
    return targets, corrupt_split(targets, data.corruption, data.levels, seed)


def _reference_losses(config: RunConfig, training_images: Tensor, targets: Tensor) -> tuple[float | None, float]:
    """`floor` and `collapse` of `ValidationSet`."""
    likelihood = build_likelihood(config.objective)
    chosen = training_images[:MEAN_IMAGES].cpu()
    chosen = batches.binarize_split(chosen, config.data.binarize, config.training.seed, split="train")
    mean = batches.to_float(chosen).mean(dim=0)
    target = batches.to_float(targets)
    with torch.no_grad():
        floor, collapse = likelihood.floor(target), likelihood.collapse(mean, target)
    return None if floor is None else floor.mean().item(), collapse.mean().item()
