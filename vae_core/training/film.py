"""The film: which steps are kept, which images they look at, and how a frame is taken.

At full speed the most instructive part of a training is over in a second, so about sixty frames are kept at growing
distances, watched or not; a frame is small, so that a film stays under 3 MB.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from vae_core.config import RunConfig
from vae_core.data import batches
from vae_core.data.corruptions import corrupt_split
from vae_core.data.datasets import Dataset
from vae_core.models.autoencoder import Autoencoder
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import Likelihood, build_likelihood
from vae_core.storage.frames import Frame, Subjects, row_of_classes

FIRST_FRAMES = (0, 1, 2, 3, 5, 8)
FRAMES = 60
CODE_NUMBERS = 16_000
ROW_BYTES = 16_384
MAX_POINTS, MIN_POINTS = 1_000, 100
MAX_ROW = 10
MEAN_IMAGES = 20_000


def film_steps(total: int) -> frozenset[int]:
    """The steps that the film of `total` steps keeps: 0, 1, 2, 3, 5, 8, then at growing distances to the last."""
    first = [step for step in FIRST_FRAMES if step <= total]
    rest = np.geomspace(FIRST_FRAMES[-1], max(total, FIRST_FRAMES[-1]), FRAMES - len(FIRST_FRAMES) + 1)
    return frozenset(first) | {min(round(step), total) for step in rest} | {total}


class FrameRecorder:
    """Takes frames of a fixed set of held-out images.

    Attributes:
        held_out: (2000 or fewer, channel, height, width) uint8, the images of all held-out figures: the target.
        held_out_inputs: what the encoder sees of them; of a denoising run they are damaged, once and for all.
        subjects: what the frames of this run look at.
        lines: as `reference_lines` gives them.
    """

    def __init__(self, dataset: Dataset, config: RunConfig, training_images: torch.Tensor) -> None:
        images, labels = batches.held_out(dataset)
        self.held_out = batches.binarize_split(images, config.data.binarize, config.training.seed)
        data, seed = config.data, config.training.seed
        self.held_out_inputs = corrupt_split(self.held_out, data.corruption, data.levels, seed)
        points = min(len(images), max(MIN_POINTS, min(MAX_POINTS, CODE_NUMBERS // config.model.latent)))
        row = row_of_classes(labels[:points].tolist(), max(1, min(MAX_ROW, ROW_BYTES // images[0].numel())))
        self._points = batches.to_float(self.held_out_inputs[:points])
        self._row = self._points[row]
        self.lines = reference_lines(config, training_images, self.held_out)
        corrupted = self.held_out_inputs[row].numpy() if data.corruption else None
        inputs = self.held_out[row].numpy()
        self.subjects = Subjects(labels[:points].numpy(), dataset.classes, inputs, self.lines, corrupted)

    @torch.no_grad()
    def frame(
        self,
        model: Autoencoder,
        likelihood: Likelihood,
        step: int,
        epoch: float,
        figures: dict[str, float],
        *,
        spread: bool,
    ) -> Frame:
        """How the model sees the subjects; `spread` adds the log-variances. Changes no state of training."""
        device = next(model.parameters()).device
        posterior = model.encode(self._points.to(device))
        codes = model.encode(self._row.to(device)).mean
        pictures = likelihood.mean_image(model.decode(codes)).clamp(0, 1)
        kl = None if posterior.log_variance is None else kl_per_dimension(posterior).mean(dim=0).cpu().numpy()
        return Frame(
            step=step,
            epoch=epoch,
            mean=posterior.mean.cpu().numpy(),
            log_variance=posterior.log_variance.cpu().numpy()
            if spread and posterior.log_variance is not None
            else None,
            reconstructions=(pictures * 255).round().to(torch.uint8).cpu().numpy(),
            kl_per_dimension=kl,
            figures={name: value for name, value in figures.items() if math.isfinite(value)},
        )


def reference_lines(config: RunConfig, training_images: torch.Tensor, held_out: torch.Tensor) -> dict[str, float]:
    """The two ends of the reconstruction loss, in nats per held-out image.

    Args:
        config: the run's.
        training_images: (images, channel, height, width) uint8; the mean is taken over the first 20,000 of them.
        held_out: the same of held-out images, binarised where the run's pixels are.

    Returns:
        `collapse`, the loss of the training mean, and `floor`, that of a perfect reconstruction, unless the likelihood's
        loss has no lower bound.
    """
    likelihood = build_likelihood(config.objective)
    chosen = training_images[:MEAN_IMAGES].cpu()
    chosen = batches.binarize_split(chosen, config.data.binarize, config.training.seed, split="train")
    mean = batches.to_float(chosen).mean(dim=0)
    target = batches.to_float(held_out)
    with torch.no_grad():
        floor, collapse = likelihood.floor(target), likelihood.collapse(mean, target)
    lines = {} if floor is None else {"floor": floor.mean().item()}
    return lines | {"collapse": collapse.mean().item()}
