"""Grids with labels: sizes, crisp pixels, and that the words are there."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.errors import DataError
from vae_core.viz.labels import BAR, GAP, INK, labelled_grid


@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_stands_crisp_below_its_label(channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, channels, 20, 30), np.uint8)
    grid = labelled_grid(images, ["z1 = -3.09", "z2", ""], 2, 4)
    assert grid.mode == ("L" if channels == 1 else "RGB")
    assert grid.size == (2 * (30 * 4 + GAP) + GAP, 2 * (20 * 4 + BAR + GAP) + GAP)
    pixels = np.asarray(grid).reshape(grid.height, grid.width, channels)
    for index, (left, top) in enumerate([(GAP, GAP), (GAP + 128, GAP), (GAP, GAP + 80 + BAR + GAP)]):
        shown = pixels[top + BAR : top + BAR + 80, left : left + 120]
        np.testing.assert_array_equal(shown[::4, ::4], images[index].transpose(1, 2, 0))
        np.testing.assert_array_equal(shown[3::4, 3::4], shown[::4, ::4])
        words = pixels[top : top + BAR, left : left + 120]
        assert (words.min() <= INK + 30) == (index < 2), "the third has no words"


def test_a_label_that_is_wider_than_its_image_is_not_cut() -> None:
    one = np.zeros((1, 1, 8, 8), np.uint8)
    short, long = (labelled_grid(one, [label], 1, 1) for label in ("z1 = -3.09", "z1 = -3.09 and on"))
    assert short.width > 50 and long.width > short.width
    inked = np.asarray(long)[:BAR].min(axis=0) < 128
    assert not inked[-GAP:].any() and inked[-GAP - 8 : -GAP].any()


def test_as_many_labels_as_images() -> None:
    with pytest.raises(DataError, match="one label per image; got 2 and "):
        labelled_grid(np.zeros((2, 1, 8, 8), np.uint8), ["z1"], 1, 1)
