"""The probe on real digits, and on codes where the answer is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.evaluation.untrained import untrained
from vae_core.data.datasets import Dataset, load_dataset
from vae_core.errors import DataError
from vae_core.evaluation.probe import _draw, probe


@pytest.fixture(scope="module")
def digits() -> Dataset:
    whole = load_dataset("mnist-sample")
    return replace(whole, train_images=whole.train_images[:3000], train_labels=whole.train_labels[:3000])


def test_the_labels_drawn_are_balanced_and_follow_from_the_seed(digits: Dataset) -> None:
    rows = _draw(digits.train_labels, 100, 3)
    assert digits.train_labels[rows].bincount().tolist() == [10] * 10
    assert len(rows.unique()) == 100
    assert torch.equal(rows, _draw(digits.train_labels, 100, 3))
    assert not torch.equal(rows, _draw(digits.train_labels, 100, 4))
    assert len(_draw(torch.tensor([0, 1, 2] * 9), 10, 0)) == 12


def test_more_labels_do_better_and_pixels_better_than_two_components(digits: Dataset) -> None:
    scores = {(score.features, score.labels): score for score in probe(untrained(), digits, counts=(10, 100), seeds=3)}
    assert list(scores) == [(name, count) for count in (10, 100) for name in ("codes", "PCA", "pixels")]
    for name in ("codes", "PCA", "pixels"):
        assert scores[name, 10].mean < scores[name, 100].mean
        assert scores[name, 10].std > 0
    # a linear classifier on the pixels of 100 digits: about 0.7
    assert scores["pixels", 100].mean == pytest.approx(0.71, abs=0.05)
    assert scores["codes", 100].mean > 0.2


def test_labels_that_have_nothing_to_do_with_the_image_are_not_learned(digits: Dataset) -> None:
    shuffled = digits.train_labels[torch.randperm(3000, generator=torch.Generator().manual_seed(0))]
    scores = probe(untrained(), replace(digits, train_labels=shuffled), counts=(100,), seeds=3)
    assert all(score.mean < 0.2 for score in scores)


def test_two_easy_classes_are_told_apart_by_all(digits: Dataset) -> None:
    images = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    images[::2, :, :14], images[1::2, :, 14:] = 200, 200
    labels = torch.arange(40) % 2
    halves = replace(digits, train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    assert [score.mean for score in probe(untrained(), halves, counts=(10,), seeds=2)] == [1.0, 1.0, 1.0]


def test_too_few_images_are_said(digits: Dataset) -> None:
    few = replace(digits, train_images=digits.train_images[:50], train_labels=digits.train_labels[:50])
    with pytest.raises(DataError, match="100 images each"):
        probe(untrained(), few, counts=(1000,))
