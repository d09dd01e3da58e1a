"""Images to explore a model with when its dataset is not available.

A run's folder holds a few held-out images, those of its film; for a run without a film the model generates some. They give
the ranges and the order of the dimensions; no figures are computed from them.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from vae_core.data.datasets import Dataset
from vae_core.evaluation.codes import Codes, decode_images, encode
from vae_core.evaluation.trained import Trained
from vae_core.storage import files, frames
from vae_core.storage.runs import Run

DRAWN = 100


def fallback_dataset(run: Run, trained: Trained) -> Dataset:
    """The images of the run's film, with their classes, as both splits; without a film, samples of the prior, all in
    one class."""
    subjects = frames.read_subjects(run.folder)
    if subjects is not None and subjects.inputs.shape[1:] == trained.image_shape:
        images = torch.from_numpy(subjects.inputs)
        rows = frames.row_of_classes(subjects.labels.tolist(), len(images))
        labels, classes, name = torch.from_numpy(subjects.labels[rows]), subjects.classes, "images of the film"
    else:
        z = torch.randn(DRAWN, trained.model.latent, generator=torch.Generator().manual_seed(0))
        images = torch.from_numpy(decode_images(trained, z.numpy()))
        labels, classes, name = torch.zeros(DRAWN, dtype=torch.int64), ("drawn by the model",), "drawn by the model"
    return Dataset(name, images, labels, images, labels, classes, files.digest(images.numpy().tobytes()))


def fallback_codes(run: Run, trained: Trained) -> Codes:
    """The codes of the fallback images; for an autoencoder, all those in the film's last frame (up to 1,000)."""
    codes = encode(trained, fallback_dataset(run, trained).test_images)
    last = frames.read_last(run.folder) if codes.log_variance is None else None
    return codes if last is None else replace(codes, mean=last.mean)
