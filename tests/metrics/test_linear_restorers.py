"""Linear restorers: ridge regression as scikit-learn has it, filters that are known, and any number of channels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from vae_core.data import datasets
from vae_core.data.corruptions import corrupt_split
from vae_core.metrics.linear_restorers import PATCH_PENALTY, image_maps, patch_filters


def test_the_map_of_images_is_ridge_regression() -> None:
    clean = datasets.load_dataset("mnist-sample").train_images[:700]
    worse = corrupt_split(clean, ["gaussian"], (0.5, 0.5), 1)
    given, wanted = (one.flatten(1).double().numpy() / 255 for one in (worse, clean))
    for penalty, found in zip((1e-3, 1e-1), image_maps(worse.numpy(), clean.numpy(), (1e-3, 1e-1)), strict=True):
        known = Ridge(alpha=penalty * len(given)).fit(given, wanted)
        images = worse.float().numpy() / 255
        assert found(images).reshape(700, -1) == pytest.approx(known.predict(given), abs=2e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_filter_of_patches_finds_a_known_one(channels: int) -> None:
    """Of images shifted by a pixel and mixed among their channels, the way back is a linear filter."""
    clean = np.random.default_rng(0).integers(0, 256, (60, channels, 12, 12), dtype=np.uint8)
    clean[..., -1] = 0  # what leaves the image comes back on its other side
    worse = np.roll(clean, 1, axis=3)[:, ::-1].copy()
    (found,) = patch_filters(worse, clean, (3,))
    restored = found(worse.astype(np.float32) / 255)
    assert restored.shape == clean.shape
    assert restored == pytest.approx(clean / 255, abs=1e-3)
    middle = found.weights[np.arange(channels), np.arange(channels)[::-1], 1]
    assert middle == pytest.approx(np.tile([0, 0, 1], (channels, 1)), abs=1e-3)


def test_patches_are_those_around_each_pixel_with_nothing_beyond_the_border() -> None:
    clean = datasets.load_dataset("mnist-sample").train_images[:20]
    worse = corrupt_split(clean, ["salt-and-pepper"], (0.25, 0.25), 1)
    (found,) = patch_filters(worse.numpy(), clean.numpy(), (5,))
    given = np.pad(worse.numpy()[:, 0] / 255, ((0, 0), (2, 2), (2, 2)))
    rows = np.lib.stride_tricks.sliding_window_view(given, (5, 5), axis=(1, 2)).reshape(-1, 25)
    known = Ridge(alpha=PATCH_PENALTY * len(rows)).fit(rows, clean.numpy().ravel() / 255)
    restored = found(worse.float().numpy() / 255)
    assert restored.ravel() == pytest.approx(known.predict(rows), abs=1e-3)
