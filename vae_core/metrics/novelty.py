"""The reconstruction error as a detector of the unknown: its histogram, a threshold, the ROC curve.

A model reconstructs well what it was trained on; an image with a large error is called unknown. It fails where the
unknown is simpler than the known, such as an empty image.
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
    """How well a threshold on the error tells unknown images from known ones.

    Attributes:
        auc: area under the ROC curve: how often an unknown image has the larger error than a known one; 0.5 is chance.
        false_alarms, found: (T,) shares of the known and of the unknown images above each threshold, both rising.
        thresholds: (T,) falling; the first is infinite.
    """

    auc: float
    false_alarms: Array
    found: Array
    thresholds: Array


def detect(known: Array, unknown: Array) -> Detection:
    """The ROC curve of errors (N,) of known and (M,) of unknown images.

    Raises:
        DataError: one of them is empty, or an error is not finite.
    """
    errors = np.concatenate([known, unknown]).astype(np.float64)
    if not len(known) or not len(unknown) or not np.isfinite(errors).all():
        raise DataError("A detector needs finite errors of at least one known and one unknown image.")
    truth = np.repeat([0, 1], [len(known), len(unknown)])
    false_alarms, found, thresholds = roc_curve(truth, errors)
    return Detection(float(roc_auc_score(truth, errors)), false_alarms, found, thresholds)


def share_above(errors: Array, threshold: float) -> float:
    """The share of errors (N,) that are above a threshold, 0 to 1."""
    return float((errors > threshold).mean())


def unknown_images(kind: Kind, images: Array, seed: int = 0) -> Array:
    """What a model has not been trained on, as many and as large as images (N, C, H, W) uint8.

    `noise` is drawn for each pixel, uniform; `faint` has 0.3 of the contrast; `inverted` swaps black and white;
    `upside down` turns by 180 degrees; `empty` is black.
    """
    if kind == "noise":
        drawn: Array = np.random.default_rng(seed).integers(0, 256, images.shape, dtype=np.uint8)
        return drawn
    if kind == "upside down":
        turned: Array = images[:, :, ::-1, ::-1].copy()
        return turned
    if kind == "inverted":
        return 255 - images
    changed: Array = np.rint((FAINT if kind == "faint" else 0.0) * images).astype(np.uint8)
    return changed
