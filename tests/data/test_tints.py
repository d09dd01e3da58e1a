"""Colours: what a hue depends on, what it does not, and that grey tells nothing of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data import datasets, tints
from vae_core.data.batches import to_float
from vae_core.data.corruptions import greyscale
from vae_core.data.pictures import LUMA
from vae_core.types import Array


def leaning(degrees: float) -> Array:
    """A stroke that leans to the right by so much."""
    image = np.zeros((1, 1, 28, 28), dtype=np.uint8)
    for row in range(4, 24):
        image[0, 0, row, round(14 + (14 - row) * np.tan(np.deg2rad(degrees)))] = 255
    return image


def test_all_tints_are_equally_light_and_far_apart() -> None:
    palette = tints.palette()
    assert palette.shape == (360, 3) and np.abs(palette @ LUMA - tints.LIGHTNESS).max() < 1
    opposite = np.abs(palette[:180].astype(int) - palette[180:]).max(axis=1)
    assert opposite.min() > 100


def test_a_hue_follows_class_and_slant_and_a_little_chance() -> None:
    label = np.array([2])
    hues = {lean: tints.hues(leaning(lean), label, "slant", seed=0)[0] for lean in (-20, 0, 20)}
    assert hues[0] == pytest.approx(72, abs=tints.RANDOM_DEGREES)
    assert (hues[20] - hues[0]) % 360 == pytest.approx(tints.VISIBLE_DEGREES * np.tan(np.deg2rad(20)) / 0.7, abs=6)
    assert (hues[0] - hues[-20]) % 360 == (hues[20] - hues[0]) % 360
    many = tints.hues(leaning(0).repeat(500, axis=0), label.repeat(500), "slant", seed=0)
    assert many.min() >= 72 - tints.RANDOM_DEGREES and many.max() <= 72 + tints.RANDOM_DEGREES and len(set(many)) > 20


def test_an_ambiguous_class_has_two_opposite_hues() -> None:
    hues = tints.hues(leaning(0).repeat(400, axis=0), np.full(400, tints.AMBIGUOUS[0]), "slant", seed=1)
    middle = tints.AMBIGUOUS[0] * tints.CLASS_DEGREES
    turned = np.cos(np.deg2rad(hues - middle)) < 0
    assert 140 < turned.sum() < 260


def test_brightness_moves_the_hue_of_clothes() -> None:
    dim, bright = (np.full((1, 1, 8, 8), value, np.uint8) for value in (90, 200))
    label = np.array([0])
    there, here = (int(tints.hues(image, label, "brightness", 3)[0]) for image in (bright, dim))
    assert (there - here) % 360 == pytest.approx(tints.VISIBLE_DEGREES * 110 / 75, abs=2)


@pytest.mark.parametrize(
    ("name", "base"), [("coloured-mnist-sample", "mnist-sample"), ("coloured-fashion-sample", "fashion-mnist-sample")]
)
def test_the_grey_of_a_coloured_image_is_half_of_what_it_was(name: str, base: str) -> None:
    coloured, grey = datasets.load_dataset(name), datasets.load_dataset(base)
    assert coloured.image_shape == (3, 28, 28) and coloured.classes == grey.classes
    assert torch.equal(coloured.test_labels, grey.test_labels)
    luma = greyscale(to_float(coloured.test_images[:200]))[:, :1] * 255
    expected = grey.test_images[:200] * (tints.LIGHTNESS / 255)
    assert float((luma - expected).abs().max()) < 2
    assert datasets.content_digest(coloured) == coloured.digest
