"""Walks through latent space."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.errors import ConfigError
from vae_core.types import Array
from vae_core.viz.walks import interpolate, manifold_grid, random_codes, traversal

Z = np.array([0.3, -1.2, 2.0], dtype=np.float32)


def test_a_traversal_moves_one_dimension_and_nothing_else() -> None:
    before = Z.copy()
    walk = traversal(Z, 1, -3.0, 3.0, 7)
    assert walk.dtype == np.float32 and walk[:, 1].tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert (walk[:, [0, 2]] == Z[[0, 2]]).all()
    np.testing.assert_array_equal(Z, before)


def test_a_sheet_reads_as_a_map() -> None:
    grid = manifold_grid(Z, (2, 0), ((-1.0, 1.0), (10.0, 20.0)), 3)
    assert grid.shape == (9, 3) and (grid[:, 1] == Z[1]).all()
    assert grid[:3, 2].tolist() == [-1, 0, 1] and grid[0, 0] == 20
    assert grid[-1].tolist() == [10.0, Z[1], 1.0]


def test_random_codes_follow_from_the_seed_and_have_the_moments_asked_for() -> None:
    codes = random_codes(20_000, 2, 0)
    assert codes.mean(axis=0) == pytest.approx([0, 0], abs=0.03) and codes.std(axis=0) == pytest.approx(
        [1, 1], abs=0.02
    )
    np.testing.assert_array_equal(codes[:5], random_codes(5, 2, 0))
    assert not np.array_equal(codes[:5], random_codes(5, 2, 1))
    fitted = random_codes(20_000, 2, 0, 0.5, np.array([5.0, -1.0]), np.array([2.0, 0.0]))
    assert fitted.mean(axis=0) == pytest.approx([5, -1], abs=0.03) and fitted.std(axis=0) == pytest.approx(
        [1, 0], abs=0.02
    )
    assert (random_codes(3, 2, 0, 0.0, 7.0) == 7.0).all()


def test_the_straight_way_is_even() -> None:
    assert interpolate(np.zeros(2), np.array([4.0, 8.0]), 5).tolist() == [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]]


def test_the_spherical_way_turns_evenly_and_keeps_its_distance() -> None:
    walk = interpolate(np.array([2.0, 0.0]), np.array([0.0, 2.0]), 4, "spherical")
    angles = np.radians([0, 30, 60, 90])
    np.testing.assert_allclose(walk, 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1), atol=1e-6)
    longer = interpolate(np.array([1.0, 0.0, 0.0]), np.array([0.0, 3.0, 0.0]), 3, "spherical")
    np.testing.assert_allclose(longer[1], np.array([1, 1, 0]) * np.sqrt(2), atol=1e-6)


def test_it_is_the_formula_of_shoemake_for_codes_of_one_length() -> None:
    a, b = random_codes(2, 20, 3)
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    angle, share = np.arccos(a @ b), np.linspace(0, 1, 9)[:, None]
    known = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    np.testing.assert_allclose(interpolate(a, b, 9, "spherical"), known, atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 1.0], [2.0, 2.0]),
        ([1.0, 1.0], [1.0, 1.0]),
        ([0.0, 0.0], [1.0, -1.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([1.0], [-2.0]),
    ],
)
def test_where_there_is_nothing_to_turn_the_way_is_straight(a: list[float], b: list[float]) -> None:
    np.testing.assert_allclose(
        interpolate(np.array(a), np.array(b), 5, "spherical"), interpolate(np.array(a), np.array(b), 5), atol=1e-6
    )


@pytest.mark.parametrize("off", [0.0, 1e-9, 1e-4])
def test_opposite_codes_go_round_the_origin(off: float) -> None:
    walk = interpolate(np.array([2.0, 0.0, 0.0]), np.array([-2.0, off, 0.0]), 9, "spherical")
    np.testing.assert_allclose(np.linalg.norm(walk, axis=1), 2.0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(np.diff(walk, axis=0), axis=1), 4 * np.sin(np.pi / 16), atol=1e-3)


@pytest.mark.parametrize("kind", ["straight", "spherical"])
def test_both_ends_are_exact(kind: str) -> None:
    a, b = random_codes(2, 50, 1)
    walk = interpolate(a, b, 11, kind)  # type: ignore[arg-type]
    assert (walk[0] == a).all() and (walk[-1] == b).all()


@pytest.mark.parametrize("axes", [(0, 0), (0, 3), (-1, 1)])
def test_axes_that_are_not_there_are_said(axes: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="different dimensions from 1 to 3"):
        manifold_grid(Z, axes, ((0, 1), (0, 1)), 3)
    with pytest.raises(ConfigError, match="a dimension from 1 to 3, not 4"):
        traversal(Z, 3, 0, 1, 3)


def test_a_walk_of_one_step_and_codes_of_two_lengths_are_said() -> None:
    one: Array = np.zeros(3)
    with pytest.raises(ConfigError, match="at least 2 steps"):
        interpolate(one, one, 1)
    with pytest.raises(ConfigError, match="the same length"):
        interpolate(one, np.zeros(2), 3)
