"""Runs side by side as bytes: shared images and scales, maps that are turned and not bent, pictures to take away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.viz.packed import unpacked
from tests.viz.scenes import HOSTILE, digits, scene
from vae_core.errors import DataError
from vae_core.types import Array
from vae_core.viz.comparison_pictures import (
    MAX_FRAMES,
    MAX_POINTS,
    FilmColumn,
    MapColumn,
    film_bytes,
    map_bytes,
    map_projections,
    procrustes_rotation,
    sheet,
)
from vae_core.viz.grids import mosaic
from vae_core.viz.projection import project

DRAW = np.random.default_rng(0)


def rotation(angle: float) -> Array:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_a_turned_and_mirrored_map_is_turned_back(mirror: float) -> None:
    places = DRAW.normal(size=(50, 2))
    moved = places @ rotation(0.7) @ np.diag([1.0, mirror])
    found = procrustes_rotation(moved, places)
    assert np.allclose(found @ found.T, np.eye(2))
    centred = places - places.mean(axis=0)
    assert np.allclose((moved - moved.mean(axis=0)) @ found, centred)


def test_places_on_one_spot_stay_as_they_are() -> None:
    assert np.array_equal(procrustes_rotation(np.zeros((9, 2)), DRAW.normal(size=(9, 2))), np.eye(2))


def test_maps_of_principal_components_lie_alike_and_keep_their_distances() -> None:
    codes = DRAW.normal(size=(60, 3)) * [3.0, 2.0, 0.1]
    basis = np.linalg.qr(DRAW.normal(size=(3, 3)))[0]
    first, second = map_projections([codes, codes @ basis], "pca")
    here, there = project(codes, first), project(codes @ basis, second)
    assert np.allclose(here - here.mean(axis=0), there - there.mean(axis=0), atol=1e-4)
    assert np.allclose(second.T @ second, np.eye(2), atol=1e-5)


def test_chosen_dimensions_stay_as_they_are() -> None:
    one, two = map_projections([DRAW.normal(size=(9, 3)), DRAW.normal(size=(9, 4))], (2, 0))
    assert np.array_equal(one, np.eye(3)[:, [2, 0]]) and np.array_equal(two, np.eye(4)[:, [2, 0]])
    (single, narrow) = map_projections([DRAW.normal(size=(9, 1)), DRAW.normal(size=(9, 2))], (2, 0))
    assert single.shape == (1, 2) and np.array_equal(narrow, np.eye(2))


def film(title: str = "beta 1", latent: int = 2, **options: Any) -> FilmColumn:
    return FilmColumn(title, "seed 0", *scene(latent=latent, **options))


def test_films_stand_on_one_line_of_steps_and_one_scale() -> None:
    header, arrays = unpacked(film_bytes([film(HOSTILE), film(latent=3)], "pca", key="k", live=False, alt="Two"))
    assert [column["title"] for column in header["columns"]] == [HOSTILE, "beta 1"]
    assert [column["steps"][-1] for column in header["columns"]] == [110, 110]
    last = np.concatenate([arrays["places0"][-1], arrays["places1"][-1]])
    low, high = last.min(axis=0), last.max(axis=0)
    box = header["box"]
    assert box[0] <= low[0] and box[1] >= high[0] and box[2] <= low[1] and box[3] >= high[1]
    assert header["most"] == pytest.approx(max(arrays["kl0"][-1].max(), arrays["kl1"][-1].max()))
    assert arrays["kl1"].shape == (12, 3) and arrays["reconstructions0"].shape == (12, 10, 1, 28, 28)


def test_a_live_picture_is_the_newest_frame_alone() -> None:
    header, arrays = unpacked(film_bytes([film()], (0, 1), key="k", live=True, alt="One"))
    assert (header["mode"], header["columns"][0]["steps"], arrays["places0"].shape) == ("live", [110], (1, 300, 2))


def test_many_long_films_are_thinned_and_keep_both_ends() -> None:
    columns = [film(frames=70, points=600)] * 6
    header, arrays = unpacked(film_bytes(columns, (0, 1), key="k", live=False, alt="Six"))
    steps = header["columns"][0]["steps"]
    assert (steps[0], steps[-1], len(steps)) == (0, 690, MAX_FRAMES // 6)
    assert len(arrays["labels"]) == MAX_POINTS


def test_an_autoencoder_beside_a_vae_has_no_bars_and_no_prior() -> None:
    header, arrays = unpacked(film_bytes([film("AE", prior=False), film("VAE")], (0, 1), key="k", live=False, alt=""))
    assert [column["prior"] for column in header["columns"]] == [False, True]
    assert "kl0" not in arrays and "kl1" in arrays


def test_films_of_different_images_are_refused() -> None:
    subjects, frames = scene(2)
    other = FilmColumn("other", "", replace(subjects, labels=(subjects.labels + 1) % 10), frames)
    with pytest.raises(DataError, match="different images"):
        film_bytes([film(), other], "pca", key="k", live=False, alt="")
    with pytest.raises(DataError, match="no run"):
        film_bytes([], "pca", key="k", live=False, alt="")


def test_maps_carry_codes_planes_and_decoders() -> None:
    images, labels = digits()
    codes = DRAW.normal(size=(30, 3)).astype(np.float32)
    column = MapColumn("beta 2", "", codes, True, np.eye(3, 2, dtype=np.float32), np.array([2, 0, 1]), b"1234")
    content = map_bytes([column], labels[:30], list("0123456789"), images[:30], pick="place", key="k", alt="")
    header, arrays = unpacked(content)
    assert (header["pick"], header["columns"][0]["order"]) == ("place", [2, 0, 1])
    np.testing.assert_array_equal(arrays["codes0"], codes)
    np.testing.assert_array_equal(arrays["places0"], codes[:, :2])
    assert arrays["decoder0"].tobytes() == b"1234"
    with pytest.raises(DataError, match="same images"):
        map_bytes([column], labels[:29], [], images[:30], pick="image", key="k", alt="")


def test_a_sheet_has_a_column_each_and_the_pixels_as_they_are() -> None:
    images, _ = digits()
    picture = sheet(["beta 1", f"{HOSTILE} \u2603"], [images[:4], images[4:8]], 2, scale=1)
    assert picture.mode == "RGB"
    grid = np.asarray(mosaic(images[:4], 2))
    assert np.array_equal(np.asarray(picture)[30 : 30 + grid.shape[0], 12 : 12 + grid.shape[1], 0], grid)
    assert np.array_equal(np.asarray(picture)[30:58, 12 + grid.shape[1] + 12 :][:, :28, 0], images[4, 0])
    with pytest.raises(DataError):
        sheet([], [], 2)
