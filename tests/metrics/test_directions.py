"""Directions between groups of codes."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.errors import DataError
from vae_core.metrics.directions import apply, direction

MEAN = np.array([[0.0, 0.0], [2.0, 0.0], [10.0, 4.0], [20.0, 8.0]], dtype=np.float32)
LABELS = np.array([0, 0, 1, 2])


def test_it_leads_from_one_mean_code_to_the_other() -> None:
    towards = direction(MEAN, LABELS == 1, LABELS == 0)
    assert towards.tolist() == [9.0, 4.0]
    assert apply(MEAN[:2].mean(axis=0), towards, 1.0).tolist() == [10.0, 4.0]
    assert apply(MEAN, towards, -0.5)[0].tolist() == [-4.5, -2.0]


def test_images_can_be_chosen_by_their_rows_and_the_rest_is_the_other_side() -> None:
    assert direction(MEAN, np.array([3]), [1]).tolist() == [18.0, 8.0]  # type: ignore[arg-type]
    assert direction(MEAN, LABELS == 0).tolist() == [-14.0, -6.0]


def test_an_empty_side_is_said() -> None:
    with pytest.raises(DataError, match="each side"):
        direction(MEAN, LABELS == 9)
    with pytest.raises(DataError, match="each side"):
        direction(MEAN, np.ones(4, dtype=bool))
    with pytest.raises(DataError, match="each side"):
        direction(MEAN, np.array([], dtype=np.int64))
