"""Images to explore a model with when its dataset is not there.

A run folder holds a few held-out images, those of its film; without a film the model draws some. They give ranges and an
order of the dimensions, and no figures are computed from them.
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


def standin(run: Run, trained: Trained) -> Dataset:
    """The images of the run's film, with their classes, as both splits; else draws from the prior, of one class."""
    found = frames.read_subjects(run.folder)
    if found is not None and found.inputs.shape[1:] == trained.image_shape:
        images = torch.from_numpy(found.inputs)
        rows = frames.row_of_classes(found.labels.tolist(), len(images))
        labels, classes, name = torch.from_numpy(found.labels[rows]), found.classes, "images of the film"
    else:
        z = torch.randn(DRAWN, trained.model.latent, generator=torch.Generator().manual_seed(0))
        images = torch.from_numpy(decode_images(trained, z.numpy()))
        labels, classes, name = torch.zeros(DRAWN, dtype=torch.int64), ("drawn by the model",), "drawn by the model"
    return Dataset(name, images, labels, images, labels, classes, files.digest(images.numpy().tobytes()))


def standin_codes(run: Run, trained: Trained) -> Codes:
    """The codes of the stand-in images; of an autoencoder all that the film's last frame holds, up to 1,000."""
    codes = encode(trained, standin(run, trained).test_images)
    last = frames.read_last(run.folder) if codes.log_variance is None else None
    return codes if last is None else replace(codes, mean=last.mean)
