"""Neighbours in any space, and how far pictures are from real images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data.datasets import load_dataset
from vae_core.errors import DataError
from vae_core.metrics.latents import label_neighbours
from vae_core.metrics.neighbours import distance_to_nearest, nearest_others, share_label


def test_nearest_others_leaves_the_row_itself_out_and_sorts() -> None:
    rows = np.array([[0.0], [1.0], [3.0], [7.0]])
    assert nearest_others(rows, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_duplicates_are_each_others_neighbours() -> None:
    rows = np.array([[0.0], [0.0], [5.0]])
    assert nearest_others(rows, 1)[:2].tolist() == [[1], [0]]


@pytest.mark.parametrize("k", [0, 4, 5])
def test_too_many_or_no_neighbours_are_refused(k: int) -> None:
    with pytest.raises(DataError, match="nearest neighbours"):
        nearest_others(np.zeros((4, 2)), k)


def test_the_share_of_labels_is_that_of_label_neighbours() -> None:
    data = load_dataset("mnist-sample")
    rows, labels = data.test_images[:300].flatten(1).float(), data.test_labels[:300]
    found = share_label(nearest_others(rows.numpy(), 5), labels.numpy()).mean()
    assert found == pytest.approx(label_neighbours(rows, labels, 5), abs=0.003)  # ties may go another way
    assert share_label(np.array([[1, 2], [0, 2], [0, 1]]), np.array([0, 0, 1])).tolist() == [0.5, 0.5, 0.0]


def test_a_real_image_is_at_distance_0_and_a_changed_one_at_its_root_mean_square() -> None:
    images = load_dataset("mnist-sample").train_images[:200].numpy()
    assert distance_to_nearest(images[:5], images).tolist() == [0.0] * 5
    changed = np.zeros((1, 1, 28, 28), dtype=np.uint8)
    changed[0, 0, 0, :] = 255
    black = np.zeros((1, 1, 28, 28), dtype=np.uint8)
    assert distance_to_nearest(changed, black)[0] == pytest.approx(np.sqrt(1 / 28))


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(DataError, match="same size"):
        distance_to_nearest(np.zeros((1, 1, 2, 2), np.uint8), np.zeros((1, 1, 3, 3), np.uint8))
    with pytest.raises(DataError, match="same size"):
        distance_to_nearest(torch.zeros(0, 1, 2, 2).numpy(), np.zeros((1, 1, 2, 2), np.uint8))
