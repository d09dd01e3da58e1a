"""Detects images with light and dark swapped, such as black digits on white given to a model of white digits on black.

The model itself is the judge: it reproduces best what resembles its training images. None of the shipped models takes any
of its own test images for inverted, whether clean or damaged by the corruption it was trained on.
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
"""By how many decibels the model must reproduce the inverted image better."""
ADVICE = "looks inverted: the model's training images have light and dark the other way round"


def inversion_gain(trained: Trained, given: Array, swapped: Array) -> Array:
    """How much better the model reproduces images when they are inverted, in dB of PSNR against its own input.

    Args:
        trained: the model.
        given: (N, C, H, W) uint8.
        swapped: (N, C, H, W) uint8, the same images with light and dark swapped, as `pictures.prepare` makes them.

    Returns:
        (N,) float64; positive if the swapped image resembles the training images more.

    Raises:
        DataError: the images do not have the shape that the model takes.
    """
    gain: Array = (_fidelity(trained, swapped) - _fidelity(trained, given)).numpy()
    return gain


def looks_inverted(trained: Trained, given: Array, swapped: Array) -> bool:
    """Whether a single image, (C, H, W) uint8, looks inverted to the model; arguments and errors as `inversion_gain`."""
    return bool(inversion_gain(trained, given[None], swapped[None])[0] > LEAST_GAIN)


def _fidelity(trained: Trained, images: Array) -> Tensor:
    values = to_float(torch.from_numpy(np.array(images)))
    return psnr(restore(trained, values), values)
