"""Many images as one picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.viz.scenes import digits
from vae_core.errors import DataError
from vae_core.viz.grids import GAP_GREY, mosaic, png_bytes


def test_every_image_stands_where_it_belongs() -> None:
    images = digits()[0][:5]
    sheet = np.asarray(mosaic(images, columns=3, gap=2))
    assert sheet.shape == (2 * 28 + 2, 3 * 28 + 4)
    np.testing.assert_array_equal(sheet[:28, 30:58], images[1, 0])
    np.testing.assert_array_equal(sheet[30:, :28], images[3, 0])
    assert (sheet[30:, 60:] == GAP_GREY).all() and (sheet[28:30] == GAP_GREY).all()


def test_colour_and_scale_keep_pixels_crisp() -> None:
    images = np.zeros((1, 3, 2, 2), np.uint8)
    images[0, :, 0, 1] = (10, 20, 30)
    sheet = np.asarray(mosaic(images, columns=9, scale=3))
    assert sheet.shape == (6, 6, 3)
    assert (sheet[:3, 3:] == (10, 20, 30)).all() and (sheet[3:] == 0).all()


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, 1, 2, 2), np.uint8), np.zeros((1, 2, 2, 2), np.uint8), np.zeros((1, 1, 2, 2))]
)
def test_other_arrays_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match="uint8 images"):
        mosaic(wrong, columns=1)


def test_a_png_holds_the_same_pixels() -> None:
    picture = mosaic(digits()[0][:4], columns=2)
    with Image.open(io.BytesIO(png_bytes(picture))) as again:
        assert again.format == "PNG"
        np.testing.assert_array_equal(np.asarray(again), np.asarray(picture))
