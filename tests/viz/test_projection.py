"""From codes to the plane of a map."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.errors import ConfigError
from vae_core.viz.projection import project, projection_for, spread_on_map


def codes(latent: int = 5, points: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(points, latent)) * [5, 1, 3, 0.5, 0.1][:latent] + 7).astype(np.float32)


def test_a_pair_picks_its_dimensions() -> None:
    mean = codes()
    directions, names = projection_for(mean, (3, 1))
    assert names == ("z4", "z2")
    np.testing.assert_array_equal(project(mean, directions), mean[:, [3, 1]])


def test_principal_components_are_the_widest_directions() -> None:
    directions, names = projection_for(codes(), "pca")
    assert names == ("PC 1", "PC 2")
    np.testing.assert_allclose(directions.T @ directions, np.eye(2), atol=1e-6)
    assert abs(directions[0, 0]) > 0.99 and abs(directions[2, 1]) > 0.99
    assert directions[0, 0] > 0 and directions[2, 1] > 0


def test_components_do_not_flip_from_frame_to_frame() -> None:
    mean = codes()
    before, _ = projection_for(mean, "pca")
    mirrored = -before
    kept, _ = projection_for(mean + 0.01, "pca", mirrored)
    np.testing.assert_allclose(kept, mirrored, atol=1e-2)


def test_a_single_number_lies_on_a_line() -> None:
    mean = codes(1)
    directions, names = projection_for(mean, "pca")
    assert names == ("z1", "")
    np.testing.assert_array_equal(project(mean, directions)[:, 1], 0)


@pytest.mark.parametrize("choice", [(0, 0), (0, 5), (-1, 2)])
def test_a_dimension_that_is_not_there_is_refused(choice: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="two different dimensions from 1 to 5"):
        projection_for(codes(), choice)


def test_codes_of_a_diverged_run_still_have_a_map() -> None:
    mean = codes()
    mean[3] = np.nan
    mean[4] = np.inf
    directions, _ = projection_for(mean, "pca")
    assert np.isfinite(project(mean, directions)).all()


def test_the_spread_on_the_map_is_that_of_projected_samples() -> None:
    rng = np.random.default_rng(1)
    log_variance = np.array([[-1.0, 0.5, -2.0, 0.0, 1.0]], dtype=np.float32)
    directions, _ = projection_for(codes(), "pca")
    directions = np.linalg.qr(directions + 0.4)[0].astype(np.float32)
    samples = (np.exp(log_variance / 2) * rng.normal(size=(200_000, 5))) @ directions
    a, b, c = spread_on_map(log_variance, directions)[0]
    np.testing.assert_allclose([[a * a, a * b], [a * b, b * b + c * c]], np.cov(samples.T), atol=0.02)
