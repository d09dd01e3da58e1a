"""Training the convolutional networks, everything of `train` included, against the plain loop of `plain_conv`, in turns."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.common import Result, median, trained_images_per_second
from benchmarks.plain_conv import BATCH, train_plain
from vae_core.architectures import settled_model, sizes_of
from vae_core.config import make_config
from vae_core.data import datasets
from vae_core.data.batches import steps_per_epoch
from vae_core.data.datasets import Dataset

TURNS = 3
LATENT = 20


def ratio(data: Dataset, epochs: int) -> tuple[float, str]:
    """Ours to the plain loop's, the median over the turns, and both in images a second."""
    config = make_config(
        dataset=data.name, architecture="conv", latent=LATENT, epochs=epochs, batch_size=BATCH, threads=1, device="cpu"
    )
    channels = sizes_of(settled_model(config.model, data.image_shape))
    steps = epochs * steps_per_epoch(len(data.train_images), BATCH)
    ours, plain = [], []
    for _ in range(TURNS):
        plain.append(train_plain(data.train_images, channels, LATENT, steps)[1])
        ours.append(trained_images_per_second(config, data))
    found = median([mine / other for mine, other in zip(ours, plain, strict=True)])
    size = "x".join(map(str, data.image_shape))
    return found, f"{size} {found:.2f} ({median(ours):,.0f} against {median(plain):,.0f} images/s)"


def measure() -> Result:
    """On grey images of 28 x 28 and colour ones of 64 x 64; the smaller ratio counts."""
    torch.set_num_threads(1)
    sprites = datasets.load_dataset("sprites-64-6000-0")
    coloured = replace(
        sprites,
        train_images=sprites.train_images.repeat(1, 3, 1, 1),
        test_images=sprites.test_images.repeat(1, 3, 1, 1),
    )
    grey, grey_text = ratio(datasets.load_dataset("mnist-sample"), epochs=3)
    colour, colour_text = ratio(coloured, epochs=2)
    return Result("convolutional training / a plain loop", min(grey, colour), 0.9, True, f"{grey_text}, {colour_text}")
