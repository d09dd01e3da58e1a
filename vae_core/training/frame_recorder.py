"""Records the frames of a run's film: which steps are kept, which images they show, and how a frame is computed.

At full speed the most instructive part of a training is over within a second. Therefore about sixty frames are kept, at
growing intervals, whether or not anyone watches. Frames are small: a film stays below 3 MB.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from vae_core.data import batches
from vae_core.evaluation.validation_set import ValidationSet
from vae_core.models.autoencoder import Autoencoder
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import Likelihood
from vae_core.storage.frames import Frame, Subjects, row_of_classes
from vae_core.types import Array

FIRST_FRAMES = (0, 1, 2, 3, 5, 8)
FRAMES = 60
CODE_NUMBERS = 16_000
ROW_BYTES = 16_384
MAX_POINTS, MIN_POINTS = 1_000, 100
MAX_ROW = 10


def frame_steps(total: int) -> frozenset[int]:
    """The steps whose frames a run of `total` steps keeps: 0, 1, 2, 3, 5, 8, then ever further apart, and the last."""
    first = [step for step in FIRST_FRAMES if step <= total]
    rest = np.geomspace(FIRST_FRAMES[-1], max(total, FIRST_FRAMES[-1]), FRAMES - len(FIRST_FRAMES) + 1)
    return frozenset(first) | {min(round(step), total) for step in rest} | {total}


class FrameRecorder:
    """Computes how a model sees a fixed selection of the validation set.

    Attributes:
        subjects: the selection that all frames of the run show.

    Args:
        validation: the run's validation set, on any device.
        latents: size of the code; larger codes get fewer points, so that a frame stays small.
    """

    def __init__(self, validation: ValidationSet, latents: int) -> None:
        targets, inputs, labels = validation.images.cpu(), validation.inputs.cpu(), validation.labels
        points = min(len(targets), max(MIN_POINTS, min(MAX_POINTS, CODE_NUMBERS // latents)))
        row = row_of_classes(labels[:points].tolist(), max(1, min(MAX_ROW, ROW_BYTES // targets[0].numel())))
        self._points = batches.to_float(inputs[:points])
        self._row = self._points[row]
        corrupted = inputs[row].numpy() if validation.is_corrupted else None
        lines = {} if validation.floor is None else {"floor": validation.floor}
        lines["collapse"] = validation.collapse
        self.subjects = Subjects(labels[:points].numpy(), validation.classes, targets[row].numpy(), lines, corrupted)

    @torch.no_grad()
    def frame(
        self,
        model: Autoencoder,
        likelihood: Likelihood,
        step: int,
        epoch: float,
        figures: dict[str, float],
        *,
        with_log_variance: bool,
    ) -> Frame:
        """One frame; changes no state of the training.

        Args:
            model, likelihood: on one device.
            step, epoch: stored with the frame.
            figures: stored with the frame, without those that are not finite.
            with_log_variance: keep the posterior's log-variances too, if the model has a posterior.
        """
        device = next(model.parameters()).device
        posterior = model.encode(self._points.to(device))
        codes = model.encode(self._row.to(device)).mean
        pictures = likelihood.mean_image(model.decode(codes)).clamp(0, 1)
        log_variance = posterior.log_variance
        kl = None if log_variance is None else _array(kl_per_dimension(posterior).mean(dim=0))
        return Frame(
            step=step,
            epoch=epoch,
            mean=_array(posterior.mean),
            log_variance=_array(log_variance) if with_log_variance and log_variance is not None else None,
            reconstructions=_array((pictures * 255).round().to(torch.uint8)),
            kl_per_dimension=kl,
            figures={name: value for name, value in figures.items() if math.isfinite(value)},
        )


def _array(tensor: torch.Tensor) -> Array:
    return tensor.cpu().numpy()
