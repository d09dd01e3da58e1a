"""Notices pictures whose light and dark are swapped, such as black digits on white for a model of white ones on black.

The model itself is the judge: it reproduces what resembles its training images. Of the shipped models' own test images,
clean or damaged by what they were trained on, none is taken for inverted.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vae_core.data.batches import to_float
from vae_core.evaluation.restoration import psnr, restore
from vae_core.evaluation.trained import Trained
from vae_core.types import Array

LEAST_GAIN = 2.0
"""Decibels by which the inverted picture must come back better."""
ADVICE = "looks inverted: the model's training images have light and dark the other way round"


def inversion_gain(trained: Trained, given: Array, swapped: Array) -> Array:
    """How much better the model reproduces images when they are inverted, in dB of PSNR against its own input.

    Args:
        trained: the model.
        given: (N, C, H, W) uint8.
        swapped: the same images with light and dark swapped, as `pictures.prepare` makes them.

    Returns:
        (N,) float64; positive where the swapped image resembles the training images more.

    Raises:
        DataError: the model takes images of another shape.
    """
    gain: Array = (_fidelity(trained, swapped) - _fidelity(trained, given)).numpy()
    return gain


def looks_inverted(trained: Trained, given: Array, swapped: Array) -> bool:
    """Whether a single image, (C, H, W), looks inverted to the model; otherwise as `inversion_gain`."""
    return bool(inversion_gain(trained, given[None], swapped[None])[0] > LEAST_GAIN)


def _fidelity(trained: Trained, images: Array) -> Tensor:
    values = to_float(torch.from_numpy(np.array(images)))
    return psnr(restore(trained, values), values)
