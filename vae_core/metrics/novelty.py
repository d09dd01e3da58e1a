"""Novelty detection by reconstruction error: a threshold and its ROC curve.

A model reconstructs images like those it was trained on well, so an image with a large error is classified as unknown.
This fails if unknown images are simpler than known ones, such as an empty image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from vae_core.errors import DataError
from vae_core.types import Array

Kind = Literal["noise", "faint", "empty", "upside down", "inverted"]
KINDS: tuple[Kind, ...] = ("noise", "inverted", "upside down", "faint", "empty")
FAINT = 0.3


@dataclass(frozen=True, eq=False)
class Detection:
    """How well a threshold on the error separates unknown images from known ones.

    Attributes:
        auc: area under the ROC curve: the probability that an unknown image has a larger error than a known one; 0.5 is
            chance.
        false_alarms, detections: (T,) shares of the known and of the unknown images above each threshold, both increasing.
        thresholds: (T,) decreasing; the first is infinite.
    """

    auc: float
    false_alarms: Array
    detections: Array
    thresholds: Array


def detect(known: Array, unknown: Array) -> Detection:
    """Computes the ROC curve from the errors of known (N,) and unknown (M,) images.

    Raises:
        DataError: one of the arrays is empty, or an error is not finite.
    """
    errors = np.concatenate([known, unknown]).astype(np.float64)
    if not len(known) or not len(unknown) or not np.isfinite(errors).all():
        raise DataError("A detector needs finite errors of at least one known and one unknown image.")
    truth = np.repeat([0, 1], [len(known), len(unknown)])
    false_alarms, detections, thresholds = roc_curve(truth, errors)
    return Detection(float(roc_auc_score(truth, errors)), false_alarms, detections, thresholds)


def share_above(errors: Array, threshold: float) -> float:
    """Returns the share of errors (N,) above a threshold, 0 to 1."""
    return float((errors > threshold).mean())


def unknown_images(kind: Kind, images: Array, seed: int = 0) -> Array:
    """Returns images of a kind that a model was not trained on, of the same shape as images (N, C, H, W) uint8.

    `noise` is uniform and independent per pixel; `faint` has 0.3 of the contrast; `inverted` swaps black and white;
    `upside down` is rotated by 180 degrees; `empty` is black.
    """
    if kind == "noise":
        noise: Array = np.random.default_rng(seed).integers(0, 256, images.shape, dtype=np.uint8)
        return noise
    if kind == "upside down":
        rotated: Array = images[:, :, ::-1, ::-1].copy()
        return rotated
    if kind == "inverted":
        return 255 - images
    dimmed: Array = np.rint((FAINT if kind == "faint" else 0.0) * images).astype(np.uint8)
    return dimmed
