"""Errors as a detector: the ROC curve's known answers, and the kinds of unknown images."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.data.datasets import load_dataset
from vae_core.errors import DataError
from vae_core.metrics.novelty import KINDS, detect, share_above, unknown_images


def test_errors_apart_are_told_apart_and_swapped_ones_never() -> None:
    known, unknown = np.array([0.1, 0.2, 0.3]), np.array([0.4, 0.5])
    assert detect(known, unknown).auc == 1.0
    assert detect(unknown, known).auc == 0.0


def test_the_area_counts_the_pairs_in_order() -> None:
    """Of the pairs (1, 2), (1, 4), (3, 2), (3, 4) three are in order; a tie counts half."""
    assert detect(np.array([1.0, 3.0]), np.array([2.0, 4.0])).auc == 0.75
    assert detect(np.array([1.0]), np.array([1.0])).auc == 0.5


def test_every_point_of_the_curve_is_what_its_threshold_gives() -> None:
    draw = np.random.default_rng(0)
    known, unknown = draw.normal(size=300), draw.normal(0.7, size=200)
    found = detect(known, unknown)
    assert (found.false_alarms[0], found.detections[0]) == (0.0, 0.0)
    assert (found.false_alarms[-1], found.detections[-1]) == (1.0, 1.0)
    for at in (10, 50, 90):
        below = np.nextafter(found.thresholds[at], -np.inf)
        assert found.false_alarms[at] == pytest.approx(share_above(known, below))
        assert found.detections[at] == pytest.approx(share_above(unknown, below))


@pytest.mark.parametrize("errors", [np.array([]), np.array([np.nan])])
def test_no_errors_or_no_numbers_are_refused(errors: np.ndarray) -> None:
    with pytest.raises(DataError, match="finite errors"):
        detect(errors, np.array([1.0]))


def test_the_kinds_are_what_they_are_called() -> None:
    images = load_dataset("mnist-sample").test_images[:20].numpy()
    made = {kind: unknown_images(kind, images, seed=3) for kind in KINDS}
    assert all(one.shape == images.shape and one.dtype == np.uint8 for one in made.values())
    assert not made["empty"].any()
    assert (made["inverted"] + images == 255).all()
    assert (made["upside down"][:, :, ::-1, ::-1] == images).all()
    assert made["faint"].max() == round(0.3 * images.max())
    assert abs(made["noise"].mean() - 127.5) < 2
    assert (unknown_images("noise", images, seed=3) == made["noise"]).all()
    assert (unknown_images("noise", images, seed=4) != made["noise"]).any()
