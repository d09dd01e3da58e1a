"""The commands that use a trained model: codes as a table, random samples, and latent traversals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from vae_core.cli.options import Json, RunOnData, Seed, expand_options, in_range, out_file
from vae_core.cli.output import Report, print_note, print_result, progress_bar
from vae_core.data import catalogue, datasets
from vae_core.data.batches import held_out
from vae_core.data.relocation import load_run_dataset, missing_message
from vae_core.errors import ConfigError
from vae_core.evaluation.codes import (
    Codes,
    csv_text,
    decode_images,
    fitted_gaussian,
    inactive,
    order,
    prior_warning,
    slider_range,
)
from vae_core.evaluation.codes import encode as encode_images
from vae_core.evaluation.standin import standin_codes
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.storage import files
from vae_core.storage.runs import Run
from vae_core.types import Array
from vae_core.viz.animation import sequence_gif
from vae_core.viz.grids import mosaic, png_bytes
from vae_core.viz.labels import labelled_grid
from vae_core.viz.walks import random_codes, traversal

MAX_IMAGES = 10_000
MAX_TEMPERATURE = 10.0
FRAMES = 30
SEEN, SEEN_MOVING = 56, 140
"""Width in pixels that an image should have in a grid and in an animation; smaller ones are enlarged by whole pixels."""
MAX_SCALE, MAX_SIDE = 64, 4096
"""Limits of the enlargement, and of the width of the file in pixels."""

Scale = Annotated[
    int | None,
    typer.Option(
        "--scale",
        metavar="N",
        callback=in_range(1, MAX_SCALE),
        help=f"Pixels of the file per pixel of an image, 1 to {MAX_SCALE}. Default: large enough to look at.",
    ),
]

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_options
def encode(
    target: RunOnData,
    out: Annotated[Path, out_file(".csv")],
    split: Annotated[Literal["test", "train"], typer.Option(help="Which images.")] = "test",
    as_json: Json = False,
) -> None:
    """Write a CSV table with index, label, code (z1, z2, ...) and mse_per_pixel of each image."""
    run = target.find()
    trained = load_trained(run)
    with progress_bar("encoding") as report:
        data = load_run_dataset(run, target.dataset, target.data_dir, report)
        images, labels = (
            (data.test_images, data.test_labels) if split == "test" else (data.train_images, data.train_labels)
        )
        codes = encode_images(trained, images, progress=report)
        files.write_atomic(out, csv_text(codes, labels, data.classes).encode())
    result = {"run": str(run.folder), "out": str(out), "images": len(images), "latents": trained.model.latent}
    result |= {"dataset": data.name, "split": split, "mse_per_pixel": float(codes.reconstruction_error.mean())}
    print_result(result, as_json, lambda: f"The codes of {len(images):,} images are in {out}.")


@app.command()
@expand_options
def sample(
    target: RunOnData,
    out: Annotated[Path, out_file(".png")],
    count: Annotated[
        int,
        typer.Option("--count", callback=in_range(1, MAX_IMAGES), help=f"How many pictures, 1 to {MAX_IMAGES}."),
    ] = 64,
    seed: Seed = 0,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature",
            callback=in_range(0.0, MAX_TEMPERATURE),
            help="Factor on the standard deviation. Below 1, samples are more typical.",
        ),
    ] = 1.0,
    scale: Scale = None,
    as_json: Json = False,
) -> None:
    """Write a PNG of samples decoded from the prior, or for an autoencoder from a Gaussian fitted to its codes."""
    run = target.find()
    trained = load_trained(run)
    result: dict[str, Any] = {"run": str(run.folder), "out": str(out), "images": count, "seed": seed}
    result |= {"temperature": temperature, "drawn_from": "prior", "dataset": None}
    result |= {"warning": prior_warning(trained.config) or None}
    with progress_bar("sampling") as report:
        if trained.config.model.model == "ae":
            codes, name = _codes(run, trained, target, report)
            result |= {"drawn_from": "gaussian fitted to the codes", "dataset": name}
            z = random_codes(count, trained.model.latent, seed, temperature, *fitted_gaussian(codes))
        else:
            z = random_codes(count, trained.model.latent, seed, temperature)
        columns = math.ceil(math.sqrt(count))
        picture = mosaic(decode_images(trained, z), columns, scale=_scale(trained, scale, columns, SEEN))
        files.write_atomic(out, png_bytes(picture))
    if result["warning"]:
        print_note(result["warning"])
    print_result(result, as_json, lambda: f"{count} pictures, drawn from the {result['drawn_from']}, are in {out}.")


@app.command()
@expand_options
def traverse(
    target: RunOnData,
    out: Annotated[Path, out_file(".gif")],
    dimension: Annotated[
        int | None, typer.Option("--dimension", help="Only this one, counted from 1. Default: all active ones.")
    ] = None,
    scale: Scale = None,
    as_json: Json = False,
) -> None:
    """Write a GIF in which each latent dimension moves from end to end while the others stay fixed, the strongest first."""
    run = target.find()
    if dimension is not None and not 1 <= dimension <= run.config.model.latent:
        raise ConfigError(f"--dimension must be 1 to {run.config.model.latent}, not {dimension}.")
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
    names = ", ".join(f"z{number + 1}" for number in chosen)
    print_result(result, as_json, lambda: f"In the order of reading, {names} go from end to end in {out}.")


def _codes(run: Run, trained: Trained, target: RunOnData, report: Report) -> tuple[Codes, str | None]:
    """The codes of held-out images and the name of their dataset.

    If the run's own dataset is missing, the codes are those that the run keeps, and the name is None.
    """
    if target.dataset is None and missing_message(run):
        return standin_codes(run, trained), None
    name = target.dataset or catalogue.at_hand(trained.config.data.dataset, target.data_dir)
    data = datasets.load_dataset(name, target.data_dir, report)
    return encode_images(trained, held_out(data)[0], progress=report), data.name


def _active(codes: Codes) -> list[int]:
    """The active dimensions, those with the largest KL first; all dimensions if none is active."""
    ordered = [int(number) for number in order(codes)]
    idle = inactive(codes)
    return [number for number in ordered if not idle[number]] or ordered


def _walks(trained: Trained, codes: Codes, chosen: list[int]) -> tuple[Array, Array]:
    """The pictures (dimensions, FRAMES, C, H, W) uint8, and the values (dimensions, FRAMES) of the moving dimensions.

    The others stay at the prior's mean, or at the mean of the codes if no prior drew them.
    """
    middle, _ = fitted_gaussian(codes)
    base = np.zeros_like(middle) if codes.has_prior else middle
    z = [traversal(base, number, *slider_range(codes, number), FRAMES) for number in chosen]
    pictures = decode_images(trained, np.concatenate(z)).reshape(len(chosen), FRAMES, *trained.image_shape)
    return pictures, np.stack([walk[:, number] for walk, number in zip(z, chosen, strict=True)])


def _scale(trained: Trained, given: int | None, columns: int, seen: int) -> int:
    """The enlargement that was asked for, or one that makes images at least `seen` pixels wide if that fits.

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
