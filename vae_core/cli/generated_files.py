"""Writes files made with a trained model: a table of codes, random samples, latent traversals.

Each function writes one file and returns the command's JSON result.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from vae_core.cli.options import MAX_SCALE, RunOnData
from vae_core.cli.output import Report, progress_bar
from vae_core.data import catalogue, datasets
from vae_core.data.batches import held_out
from vae_core.data.relocation import load_run_dataset, missing_message
from vae_core.errors import ConfigError
from vae_core.evaluation.codes import (
    Codes,
    codes_to_csv,
    decode_images,
    encode,
    fitted_gaussian,
    inactive_dimensions,
    order_by_importance,
    prior_warning,
    slider_range,
)
from vae_core.evaluation.fallback import fallback_codes
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.storage import files
from vae_core.storage.runs import Run
from vae_core.types import Array
from vae_core.viz.animation import sequence_gif
from vae_core.viz.grids import mosaic, png_bytes
from vae_core.viz.labels import labelled_grid
from vae_core.viz.walks import random_codes, traversal

FRAMES = 30
SEEN, SEEN_MOVING = 56, 140
"""Least width of an image in a grid and in an animation, in pixels; smaller ones are enlarged by a whole factor."""
MAX_SIDE = 4096
"""Greatest width of the file, in pixels."""


def write_codes(run: Run, target: RunOnData, out: Path, split: str) -> dict[str, Any]:
    """Writes a CSV file with the index, label, code and mean squared error per pixel of each image of a split."""
    trained = load_trained(run)
    with progress_bar("encoding") as report:
        data = load_run_dataset(run, target.dataset, target.data_dir, report)
        images, labels = (
            (data.test_images, data.test_labels) if split == "test" else (data.train_images, data.train_labels)
        )
        codes = encode(trained, images, progress=report)
        files.write_atomic(out, codes_to_csv(codes, labels, data.classes).encode())
    result = {"run": str(run.folder), "out": str(out), "images": len(images), "latents": trained.model.latent}
    result |= {"dataset": data.name, "split": split, "mse_per_pixel": float(codes.reconstruction_error.mean())}
    return result


def write_samples(
    run: Run, target: RunOnData, out: Path, count: int, seed: int, temperature: float, scale: int | None
) -> dict[str, Any]:
    """Writes a PNG of samples from the prior, or for an autoencoder from a Gaussian fitted to its codes."""
    trained = load_trained(run)
    result: dict[str, Any] = {"run": str(run.folder), "out": str(out), "images": count, "seed": seed}
    result |= {"temperature": temperature, "drawn_from": "prior", "dataset": None}
    result |= {"warning": prior_warning(trained.config) or None}
    with progress_bar("sampling") as report:
        if not trained.config.model.is_variational:
            codes, name = _codes(run, trained, target, report)
            result |= {"drawn_from": "gaussian fitted to the codes", "dataset": name}
            z = random_codes(count, trained.model.latent, seed, temperature, *fitted_gaussian(codes))
        else:
            z = random_codes(count, trained.model.latent, seed, temperature)
        columns = math.ceil(math.sqrt(count))
        picture = mosaic(decode_images(trained, z), columns, scale=_scale(trained, scale, columns, SEEN))
        files.write_atomic(out, png_bytes(picture))
    return result


def write_traversal(run: Run, target: RunOnData, out: Path, dimension: int | None, scale: int | None) -> dict[str, Any]:
    """Writes a GIF in which each of the dimensions moves; `dimension` is counted from 1, None takes all active ones."""
    trained = load_trained(run)
    with progress_bar("traversing") as report:
        codes, name = _codes(run, trained, target, report)
        chosen = _active(codes) if dimension is None else [dimension - 1]
        columns = math.ceil(math.sqrt(len(chosen)))
        enlarged = _scale(trained, scale, columns, SEEN_MOVING)
        pictures, values = _walks(trained, codes, chosen)
        frames = []
        for step in range(FRAMES):
            labels = [f"z{number + 1} = {value:.2f}" for number, value in zip(chosen, values[:, step], strict=True)]
            frames.append(labelled_grid(pictures[:, step], labels, columns, enlarged))
        files.write_atomic(out, sequence_gif(frames))
    result = {"run": str(run.folder), "out": str(out), "frames": FRAMES, "dataset": name}
    result |= {"dimensions": [number + 1 for number in chosen], "scale": enlarged}
    return result


def _codes(run: Run, trained: Trained, target: RunOnData, report: Report) -> tuple[Codes, str | None]:
    """The codes of held-out images and the name of their dataset.

    If the run's own dataset is missing, these are the codes of the images in the run's folder, and the name is None.
    """
    if target.dataset is None and missing_message(run, target.data_dir):
        return fallback_codes(run, trained), None
    name = target.dataset or catalogue.at_hand(trained.config.data.dataset, target.data_dir)
    data = datasets.load_dataset(name, target.data_dir, report)
    return encode(trained, held_out(data)[0], progress=report), data.name


def _active(codes: Codes) -> list[int]:
    """The active dimensions, largest KL first; all dimensions if none is active."""
    ordered = [int(dimension) for dimension in order_by_importance(codes)]
    is_inactive = inactive_dimensions(codes)
    return [dimension for dimension in ordered if not is_inactive[dimension]] or ordered


def _walks(trained: Trained, codes: Codes, chosen: list[int]) -> tuple[Array, Array]:
    """The images (dimensions, FRAMES, C, H, W) uint8, and the values (dimensions, FRAMES) of the moving dimensions.

    The other dimensions stay at the prior's mean, or at the mean of the codes if training had no prior.
    """
    mean, _ = fitted_gaussian(codes)
    base = np.zeros_like(mean) if codes.has_prior else mean
    z = [traversal(base, number, *slider_range(codes, number), FRAMES) for number in chosen]
    pictures = decode_images(trained, np.concatenate(z)).reshape(len(chosen), FRAMES, *trained.image_shape)
    return pictures, np.stack([walk[:, number] for walk, number in zip(z, chosen, strict=True)])


def _scale(trained: Trained, given: int | None, columns: int, seen: int) -> int:
    """The given enlargement, or one that makes images at least `seen` pixels wide if that fits.

    Raises:
        ConfigError: the file would be wider than `MAX_SIDE` pixels.
    """
    across = columns * trained.image_shape[2]
    most = max(1, min(MAX_SCALE, MAX_SIDE // across))
    if given is None:
        return min(most, -(-seen // trained.image_shape[2]))
    if given > most:
        raise ConfigError(
            f"--scale must be 1 to {most} for {columns} images of {trained.image_shape[2]} pixels in a row."
        )
    return given
