"""The commands that use a trained model: codes as a table, random pictures, and a walk through each dimension."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vae_core.cli_app import DataDir, Json, OtherDataset, RunName, Runs, app, print_result
from vae_core.cli_options import Report, progress_bar
from vae_core.data import catalogue
from vae_core.data.moved import load_for, missing
from vae_core.errors import ConfigError
from vae_core.storage import files, paths
from vae_core.storage.lookup import find_run
from vae_core.storage.runs import Run

if TYPE_CHECKING:
    from vae_core.evaluation.codes import Codes
    from vae_core.evaluation.trained import Trained
    from vae_core.types import Array

MAX_IMAGES = 10_000
MAX_TEMPERATURE = 10.0
FRAMES = 30
SEEN, SEEN_MOVING = 56, 140
"""Pixels that an image should have across in a grid and in an animation; smaller ones are enlarged by whole pixels."""
MAX_SCALE, MAX_SIDE = 64, 4096
"""Of enlargement, and pixels of a side of what is written."""

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write; one of that name is replaced.")]


Scale = Annotated[
    int | None,
    typer.Option("--scale", metavar="N", help=f"Pixels of the file for each pixel of an image, 1 to {MAX_SCALE}."),
]


@app.command()
def encode(
    run: RunName,
    out: Out,
    dataset: OtherDataset = None,
    split: Annotated[Literal["test", "train"], typer.Option(help="Which images.")] = "test",
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write a CSV table: index, label, code (z1, z2, ...) and mse_per_pixel of each image."""
    _check_out(out, ".csv")
    found = find_run(run, paths.runs_folder(runs))
    from vae_core.evaluation.codes import csv_text
    from vae_core.evaluation.codes import encode as encode_images
    from vae_core.evaluation.trained import load_trained

    trained = load_trained(found)
    with progress_bar("encoding") as report:
        data = load_for(found, dataset, data_dir, report)
        images, labels = (
            (data.test_images, data.test_labels) if split == "test" else (data.train_images, data.train_labels)
        )
        codes = encode_images(trained, images, progress=report)
        files.write_atomic(out, csv_text(codes, labels, data.classes).encode())
    result = {"run": str(found.folder), "out": str(out), "images": len(images), "latents": trained.model.latent}
    result |= {"dataset": data.name, "split": split, "mse_per_pixel": float(codes.reconstruction_error.mean())}
    print_result(result, as_json, lambda: f"The codes of {len(images):,} images are in {out}.")


@app.command()
def sample(
    run: RunName,
    out: Out,
    count: Annotated[int, typer.Option("--count", help=f"How many pictures, 1 to {MAX_IMAGES}.")] = 64,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same pictures.")] = 0,
    temperature: Annotated[
        float, typer.Option("--temperature", help="Factor of the standard deviation; below 1 is more typical.")
    ] = 1.0,
    scale: Scale = None,
    dataset: OtherDataset = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write a PNG of random pictures: codes drawn from the prior, or from a Gaussian fitted to an autoencoder's codes."""
    _check_out(out, ".png")
    _check_range("count", count, 1, MAX_IMAGES)
    _check_range("seed", seed, 0, 2**32 - 1)
    _check_range("temperature", temperature, 0.0, MAX_TEMPERATURE)
    found = find_run(run, paths.runs_folder(runs))
    from vae_core.evaluation.codes import decode_images, fitted_gaussian, prior_warning
    from vae_core.evaluation.trained import load_trained
    from vae_core.viz.grids import mosaic, png_bytes
    from vae_core.viz.walks import random_codes

    trained = load_trained(found)
    result: dict[str, Any] = {"run": str(found.folder), "out": str(out), "images": count, "seed": seed}
    result |= {"temperature": temperature, "drawn_from": "prior", "dataset": None}
    result |= {"warning": prior_warning(trained.config) or None}
    with progress_bar("sampling") as report:
        if trained.config.model.model == "ae":
            codes, name = _codes(found, trained, dataset, data_dir, report)
            result |= {"drawn_from": "gaussian fitted to the codes", "dataset": name}
            z = random_codes(count, trained.model.latent, seed, temperature, *fitted_gaussian(codes))
        else:
            z = random_codes(count, trained.model.latent, seed, temperature)
        columns = math.ceil(math.sqrt(count))
        picture = mosaic(decode_images(trained, z), columns, scale=_scale(trained, scale, columns, SEEN))
        files.write_atomic(out, png_bytes(picture))
    if result["warning"]:
        print(f"Note: {result['warning']}", file=sys.stderr)
    print_result(result, as_json, lambda: f"{count} pictures, drawn from the {result['drawn_from']}, are in {out}.")


@app.command()
def traverse(
    run: RunName,
    out: Out,
    dimension: Annotated[
        int | None, typer.Option("--dimension", help="Only this one, counted from 1; else all active ones.")
    ] = None,
    scale: Scale = None,
    dataset: OtherDataset = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write a GIF in which each dimension goes from end to end, the others standing still, the strongest first."""
    _check_out(out, ".gif")
    found = find_run(run, paths.runs_folder(runs))
    if dimension is not None:
        _check_range("dimension", dimension, 1, found.config.model.latent)
    from vae_core.evaluation.trained import load_trained
    from vae_core.viz.animation import sequence_gif
    from vae_core.viz.labels import labelled_grid

    trained = load_trained(found)
    with progress_bar("traversing") as report:
        codes, name = _codes(found, trained, dataset, data_dir, report)
        chosen = _active(codes) if dimension is None else [dimension - 1]
        columns = math.ceil(math.sqrt(len(chosen)))
        enlarged = _scale(trained, scale, columns, SEEN_MOVING)
        pictures, values = _walks(trained, codes, chosen)
        frames = []
        for step in range(FRAMES):
            labels = [f"z{number + 1} = {value:.2f}" for number, value in zip(chosen, values[:, step], strict=True)]
            frames.append(labelled_grid(pictures[:, step], labels, columns, enlarged))
        files.write_atomic(out, sequence_gif(frames))
    result = {"run": str(found.folder), "out": str(out), "frames": FRAMES, "dataset": name}
    result |= {"dimensions": [number + 1 for number in chosen], "scale": enlarged}
    names = ", ".join(f"z{number + 1}" for number in chosen)
    print_result(result, as_json, lambda: f"In the order of reading, {names} go from end to end in {out}.")


def _codes(
    run: Run, trained: Trained, dataset: str | None, data_dir: Path | None, report: Report
) -> tuple[Codes, str | None]:
    """The codes of held-out images, and the name of the dataset they are of; None if that is not there."""
    from vae_core.data import datasets
    from vae_core.data.batches import held_out
    from vae_core.evaluation.codes import encode as encode_images
    from vae_core.evaluation.standin import standin_codes

    if dataset is None and missing(run):
        return standin_codes(run, trained), None
    data = datasets.load_dataset(dataset or catalogue.at_hand(trained.config.data.dataset, data_dir), data_dir, report)
    return encode_images(trained, held_out(data)[0], progress=report), data.name


def _active(codes: Codes) -> list[int]:
    """The active dimensions, the one with the largest KL first; all dimensions if none is active."""
    from vae_core.evaluation.codes import inactive, order

    ordered = [int(number) for number in order(codes)]
    idle = inactive(codes)
    return [number for number in ordered if not idle[number]] or ordered


def _walks(trained: Trained, codes: Codes, chosen: list[int]) -> tuple[Array, Array]:
    """Pictures (dimensions, FRAMES, C, H, W) uint8 and the values (dimensions, FRAMES) of the dimensions that move.

    The others stay at the prior's mean, or at the mean of an autoencoder's codes.
    """
    import numpy as np

    from vae_core.evaluation.codes import decode_images, fitted_gaussian, slider_range
    from vae_core.viz.walks import traversal

    middle, _ = fitted_gaussian(codes)
    base = middle if codes.log_variance is None else np.zeros_like(middle)
    z = [traversal(base, number, *slider_range(codes, number), FRAMES) for number in chosen]
    pictures = decode_images(trained, np.concatenate(z)).reshape(len(chosen), FRAMES, *trained.image_shape)
    return pictures, np.stack([walk[:, number] for walk, number in zip(z, chosen, strict=True)])


def _scale(trained: Trained, given: int | None, columns: int, seen: int) -> int:
    """The enlargement that was asked for, or else one that makes images at least `seen` pixels wide where that fits.

    Raises:
        ConfigError: it is out of its range, or the file would have more than `MAX_SIDE` pixels across.
    """
    across = columns * trained.image_shape[2]
    most = max(1, min(MAX_SCALE, MAX_SIDE // across))
    if given is None:
        return min(most, -(-seen // trained.image_shape[2]))
    _check_range("scale", given, 1, MAX_SCALE)
    if given > most:
        raise ConfigError(
            f"--scale must be 1 to {most} for {columns} images of {trained.image_shape[2]} pixels in a row."
        )
    return given


def _check_out(out: Path, ending: str) -> None:
    if out.suffix.lower() != ending:
        raise ConfigError(f"--out must name a file that ends in {ending}, not {out.name!r}.")
    # os.path, since Path.is_dir raises for names that are too long
    if not os.path.isdir(out.parent):  # noqa: PTH112
        raise ConfigError(f"The folder {str(out.parent)!r} of --out is not there; make it or name another one.")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"--{name} must be {low:.12g} to {high:.12g}, not {value:.12g}.")
