"""Fault 10: black on white is noticed by a model that learnt white on black, and what it learnt is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data.batches import to_float
from vae_core.data.corruptions import corrupt_split
from vae_core.data.datasets import load_dataset
from vae_core.evaluation.polarity import LEAST_GAIN, inversion_gain, looks_inverted
from vae_core.evaluation.restoration import psnr, restore
from vae_core.evaluation.trained import load_trained
from vae_core.storage import paths
from vae_core.storage.runs import open_run

COUNT = 100
CASES = [
    ("mnist-denoiser", "mnist-sample", "gaussian", 0.5),
    ("mnist-denoiser", "mnist-sample", "salt-and-pepper", 0.25),
    ("watermark-remover", "mnist-sample", "watermark", 0.7),
    ("example-vae-20d", "mnist-sample", "", 0.0),
    ("example-fashion-40d", "fashion-mnist-sample", "", 0.0),
]


@pytest.mark.parametrize(("name", "dataset", "corruption", "level"), CASES)
def test_inverted_test_images_are_noticed_and_straight_ones_are_not(
    name: str, dataset: str, corruption: str, level: float
) -> None:
    trained = load_trained(open_run(paths.SHIPPED_RUNS, name))
    images = load_dataset(dataset).test_images[:COUNT]
    if corruption:
        images = corrupt_split(images, [corruption], (level, level), 0)
    straight = images.numpy()
    gain = inversion_gain(trained, straight, np.invert(straight))
    assert gain.shape == (COUNT,) and (gain <= LEAST_GAIN).all()
    np.testing.assert_allclose(inversion_gain(trained, np.invert(straight), straight), -gain)
    assert (-gain > LEAST_GAIN).mean() > 0.98
    assert looks_inverted(trained, np.invert(straight)[0], straight[0])
    assert not looks_inverted(trained, straight[0], np.invert(straight)[0])


def test_the_denoiser_restores_black_on_white_only_inverted() -> None:
    """As it was found: a few dB as it is, above 20 dB inverted."""
    trained = load_trained(open_run(paths.SHIPPED_RUNS, "mnist-denoiser"))
    clean = load_dataset("mnist-sample").test_images[:COUNT]
    noisy = corrupt_split(clean, ["salt-and-pepper"], (0.1, 0.1), 0)
    as_it_is = restore(trained, 1 - to_float(noisy))
    swapped = 1 - restore(trained, to_float(noisy))
    truth = 1 - to_float(clean)
    assert float(psnr(as_it_is, truth).mean()) < 5 and float(psnr(swapped, truth).mean()) > 20
    assert as_it_is.dtype == torch.float32
