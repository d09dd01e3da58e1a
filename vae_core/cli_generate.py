"""The commands that use a trained model: codes as a table, random pictures, and a walk through each dimension."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vae_core.cli_app import DataDir, Json, OtherDataset, RunName, Runs, app, print_result
from vae_core.cli_options import Report, progress_bar
from vae_core.data import catalogue
from vae_core.errors import ConfigError
from vae_core.storage import files, places
from vae_core.storage.runs import find_run

if TYPE_CHECKING:
    from vae_core.evaluation.codes import Codes
    from vae_core.evaluation.trained import Trained

MAX_IMAGES = 10_000
MAX_TEMPERATURE = 10.0
FRAMES = 30
SEEN = 56
"""Screen pixels that an image should have across; smaller ones are shown larger, by whole pixels."""

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write; one of that name is replaced.")]


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
    """Write a CSV table: index, label, code (z1, z2, ...) and reconstruction error of each image."""
    _check_out(out, ".csv")
    found = find_run(run, places.runs_folder(runs))
    from vae_core.data import datasets
    from vae_core.evaluation.codes import csv_text
    from vae_core.evaluation.codes import encode as encode_images
    from vae_core.evaluation.trained import load_trained

    trained = load_trained(found)
    with progress_bar("encoding") as report:
        data = datasets.load(dataset or found.config.data.dataset, data_dir, report)
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
    found = find_run(run, places.runs_folder(runs))
    from vae_core.evaluation.codes import decode_images, fitted_gaussian
    from vae_core.evaluation.trained import load_trained
    from vae_core.viz.grids import mosaic, png_bytes
    from vae_core.viz.walks import random_codes

    trained = load_trained(found)
    result: dict[str, Any] = {"run": str(found.folder), "out": str(out), "images": count, "seed": seed}
    result |= {"temperature": temperature, "drawn_from": "prior", "dataset": None}
    with progress_bar("sampling") as report:
        if trained.config.model.model == "ae":
            codes, name = _codes(trained, dataset, data_dir, report)
            result |= {"drawn_from": "gaussian fitted to the codes", "dataset": name}
            z = random_codes(count, trained.model.latent, seed, temperature, *fitted_gaussian(codes))
        else:
            z = random_codes(count, trained.model.latent, seed, temperature)
        picture = mosaic(decode_images(trained, z), columns=math.ceil(math.sqrt(count)), scale=_scale(trained))
        files.write_atomic(out, png_bytes(picture))
    print_result(result, as_json, lambda: f"{count} pictures, drawn from the {result['drawn_from']}, are in {out}.")


@app.command()
def traverse(
    run: RunName,
    out: Out,
    dimension: Annotated[
        int | None, typer.Option("--dimension", help="Only this one, counted from 1; else all active ones.")
    ] = None,
    dataset: OtherDataset = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write a GIF in which each dimension goes from end to end, the others standing still, the strongest first."""
    _check_out(out, ".gif")
    found = find_run(run, places.runs_folder(runs))
    if dimension is not None:
        _check_range("dimension", dimension, 1, found.config.model.latent)
    from vae_core.evaluation.trained import load_trained
    from vae_core.viz.animation import sequence_gif
    from vae_core.viz.grids import mosaic

    trained = load_trained(found)
    with progress_bar("traversing") as report:
        codes, name = _codes(trained, dataset, data_dir, report)
        chosen = _active(codes) if dimension is None else [dimension - 1]
        pictures = _walks(trained, codes, chosen)
        columns = math.ceil(math.sqrt(len(chosen)))
        frames = [mosaic(pictures[:, step], columns, scale=_scale(trained)) for step in range(FRAMES)]
        files.write_atomic(out, sequence_gif(frames))
    result = {"run": str(found.folder), "out": str(out), "frames": FRAMES, "dataset": name}
    result |= {"dimensions": [number + 1 for number in chosen]}
    names = ", ".join(f"z{number + 1}" for number in chosen)
    print_result(result, as_json, lambda: f"In the order of reading, {names} go from end to end in {out}.")


def _codes(trained: Trained, dataset: str | None, data_dir: Path | None, report: Report) -> tuple[Codes, str]:
    """The codes of held-out images, and the name of the dataset they are of."""
    from vae_core.data import datasets
    from vae_core.data.batches import held_out
    from vae_core.evaluation.codes import encode as encode_images

    data = datasets.load(dataset or _at_hand(trained.config.data.dataset, data_dir), data_dir, report)
    return encode_images(trained, held_out(data)[0], progress=report), data.name


def _at_hand(name: str, data_dir: Path | None) -> str:
    """The dataset itself, or where it would have to be downloaded the bundled sample of it.

    Its codes only give ranges and an order here, and which dataset they are of is told.
    """
    family = catalogue.find(name).family
    where = {row.name: row.where for row in catalogue.describe(data_dir)}
    samples = [other for other, row in catalogue.ROWS.items() if row.family is family and row.bundled]
    return samples[0] if where.get(name) == "can be downloaded" and samples else name


def _active(codes: Codes) -> list[int]:
    """The active dimensions, the one with the largest KL first; all dimensions if none is active."""
    from vae_core.evaluation.codes import inactive, order

    ordered = [int(number) for number in order(codes)]
    idle = inactive(codes)
    return [number for number in ordered if not idle[number]] or ordered


def _walks(trained: Trained, codes: Codes, chosen: list[int]) -> Any:
    """(dimensions, FRAMES, C, H, W) uint8: from the prior's mean, or from the mean of an autoencoder's codes."""
    import numpy as np

    from vae_core.evaluation.codes import decode_images, fitted_gaussian, slider_range
    from vae_core.viz.walks import traversal

    middle, _ = fitted_gaussian(codes)
    base = middle if codes.log_variance is None else np.zeros_like(middle)
    z = [traversal(base, number, *slider_range(codes, number), FRAMES) for number in chosen]
    return decode_images(trained, np.concatenate(z)).reshape(len(chosen), FRAMES, *trained.image_shape)


def _scale(trained: Trained) -> int:
    return max(1, SEEN // trained.image_shape[2])


def _check_out(out: Path, ending: str) -> None:
    if out.suffix.lower() != ending:
        raise ConfigError(f"--out must name a file that ends in {ending}, not {out.name!r}.")
    # os.path, since Path.is_dir raises for names that are too long
    if not os.path.isdir(out.parent):  # noqa: PTH112
        raise ConfigError(f"The folder {str(out.parent)!r} of --out is not there; make it or name another one.")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"--{name} must be {low:.12g} to {high:.12g}, not {value:.12g}.")
