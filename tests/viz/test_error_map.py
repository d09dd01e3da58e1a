"""The error map: black where nothing is wrong, the last colour where all is, lighter the more is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageColor

from vae_core.errors import DataError
from vae_core.viz.error_map import RAMP, error_map, ramp_css


def test_ends_and_the_stops_between() -> None:
    clean = np.zeros((1, 1, 1, 6), np.uint8)
    wrong = np.array([0, 51, 102, 153, 204, 255], np.uint8).reshape(1, 1, 1, 6)
    expected = np.array([ImageColor.getrgb(colour) for colour in RAMP], np.uint8).T[None, :, None]
    np.testing.assert_array_equal(error_map(wrong, clean), expected)
    np.testing.assert_array_equal(error_map(clean, wrong), expected)  # too dark is as wrong as too bright


def test_lightness_grows_with_the_error() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 1, 1, 256)
    luma = np.array([0.2126, 0.7152, 0.0722]) @ error_map(levels, np.zeros_like(levels))[0, :, 0].astype(float)
    assert (np.diff(luma) > -0.5).all() and luma[-1] - luma[0] > 220


def test_colours_count_as_their_mean() -> None:
    clean = np.zeros((1, 3, 1, 1), np.uint8)
    red = np.array([255, 0, 0], np.uint8).reshape(1, 3, 1, 1)
    grey = np.full((1, 3, 1, 1), 85, np.uint8)
    np.testing.assert_array_equal(error_map(red, clean), error_map(grey, clean))


def test_other_shapes_are_refused_and_the_legend_has_every_colour() -> None:
    with pytest.raises(DataError, match="of the same shape"):
        error_map(np.zeros((1, 1, 2, 2), np.uint8), np.zeros((1, 3, 2, 2), np.uint8))
    assert all(colour in ramp_css() for colour in RAMP)
