"""Sprites: every class of every factor can be seen, every image is what its factors say, and a seed says which."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from vae_core.data import sprites
from vae_core.errors import DataError
from vae_core.types import Array


def cut_out(image: Array) -> tuple[tuple[int, int], tuple[int, ...], bytes]:
    """Where the drawn pixels begin, and they themselves without what is around them."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    piece = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return (int(rows[0]), int(columns[0])), piece.shape, piece.tobytes()


@pytest.mark.parametrize("width", range(28, 65))
def test_no_two_shapes_scales_and_orientations_look_alike(width: int) -> None:
    """Not even where one of them is moved: else a class of orientation or of x would have no meaning."""
    bank = sprites.masks(width)
    assert len(bank) == 3 * 6 * 8
    assert len({cut_out(mask)[1:] for mask in bank}) == len(bank)
    assert set(np.unique(bank)) == {0, 255}


def test_a_turn_by_the_whole_visible_range_changes_nothing() -> None:
    """The symmetry that the classes of orientation are counted in; the L shows that less than 360 degrees is not enough."""
    down, across = np.mgrid[-40:41, -40:41] / 39.7
    for shape, visible in enumerate(sprites.VISIBLE_DEGREES):
        before = sprites._inside(shape, across, down)
        for degrees in (visible, visible / 2):
            angle = math.radians(degrees)
            u = across * math.cos(angle) + down * math.sin(angle)
            v = down * math.cos(angle) - across * math.sin(angle)
            differing = np.count_nonzero(sprites._inside(shape, u, v) != before) / np.count_nonzero(before)
            assert differing < 0.03 if degrees == visible else differing > 0.15


def test_the_l_has_no_mirror_image_either() -> None:
    bank = sprites.masks(64)[-sprites.ORIENTATIONS :]
    turned = {cut_out(mask)[1:] for mask in bank}
    assert not any(cut_out(mask[:, ::-1])[1:] in turned for mask in bank)


def test_an_image_shows_its_factors() -> None:
    factors = np.array(list(itertools.product(range(3), (0, 5), (0, 3), (0, 9, 15), (0, 4, 15))))
    images = sprites.draw(factors, 32)
    assert images.shape == (len(factors), 1, 32, 32) and images.dtype == np.uint8
    bank = sprites.masks(32)
    for (shape, scale, orientation, x, y), image in zip(factors, images[:, 0], strict=True):
        mask = bank[(shape * 6 + scale) * 8 + orientation]
        (top, left), *piece = cut_out(image)
        (mask_top, mask_left), *expected = cut_out(mask)
        assert piece == expected and (top, left) == (mask_top + y, mask_left + x)


def test_a_larger_scale_is_a_larger_picture() -> None:
    areas = np.count_nonzero(sprites.masks(64), axis=(1, 2)).reshape(3, 6, 8)
    assert (np.diff(areas, axis=1) > 0).all()


def test_every_class_is_as_frequent_and_no_test_image_was_trained_on() -> None:
    spec = sprites.Spec(images=30_000)
    order = np.random.default_rng(0).permutation(math.prod(spec.sizes))
    train, test = sprites.combinations(spec, order)
    assert (len(train), len(test)) == (30_000, 5_000)
    assert len(np.unique(train)) == 30_000 and not np.isin(test, train).any()
    for column, size in zip(sprites.factors_of(train, 32).T, spec.sizes, strict=True):
        counts = np.bincount(column, minlength=size)
        assert len(counts) == size and abs(counts / 30_000 * size - 1).max() < 0.1
    correlations = np.corrcoef(sprites.factors_of(train, 32).T) - np.eye(5)
    assert abs(correlations).max() < 0.02


def test_more_images_than_combinations_show_all_before_any_comes_again() -> None:
    spec = sprites.Spec(width=28, images=100_000)
    total = math.prod(spec.sizes)
    train, test = sprites.combinations(spec, np.arange(total))
    counts = np.bincount(train, minlength=total)
    assert len(train) == 100_000 and set(counts[test]) == {0}
    assert counts[counts > 0].max() - counts[counts > 0].min() == 1 and np.count_nonzero(counts) == total - len(test)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sprites", sprites.Spec(32, 30_000, 0)),
        ("sprites-64", sprites.Spec(64, 30_000, 0)),
        ("sprites-28-600", sprites.Spec(28, 600, 0)),
        ("sprites-45-600-7", sprites.Spec(45, 600, 7)),
        ("sprites-", None),
        ("sprites-64-x", None),
        ("sprites-64-1-1-1", None),
        ("Sprites", None),
        ("mnist", None),
    ],
)
def test_names(name: str, expected: sprites.Spec | None) -> None:
    assert sprites.parse_name(name) == expected


@pytest.mark.parametrize(
    "name", ["sprites-27", "sprites-65", "sprites-32-5", "sprites-32-1000001", "sprites-32-600-4294967296"]
)
def test_numbers_out_of_range_are_one_sentence(name: str) -> None:
    with pytest.raises(DataError, match=rf"width of 28 to 64 pixels, 6 to 1000000 images .*, not '{name}'\.$"):
        sprites.parse_name(name)
