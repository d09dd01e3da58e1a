"""The commands that use a trained model: a table of codes, random samples, and latent traversals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vae_core.cli.options import MAX_SCALE, Json, RunOnData, Seed, expand_options, in_range, out_file
from vae_core.cli.output import print_note, print_result
from vae_core.errors import ConfigError

MAX_IMAGES = 10_000
MAX_TEMPERATURE = 10.0

Scale = Annotated[
    int | None,
    typer.Option(
        "--scale",
        metavar="N",
        callback=in_range(1, MAX_SCALE),
        help=f"Enlargement of the images, 1 to {MAX_SCALE}. Default: large enough to look at.",
    ),
]

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_options
def encode(
    target: RunOnData,
    out: Annotated[Path, out_file(".csv")],
    split: Annotated[Literal["test", "train"], typer.Option(help="Encode the images of this split.")] = "test",
    as_json: Json = False,
) -> None:
    """Write a CSV table with the index, label, code (z1, z2, ...) and mse_per_pixel of each image."""
    run = target.find()
    from vae_core.cli.generated_files import write_codes

    result = write_codes(run, target, out, split)
    print_result(result, as_json, lambda: f"The codes of {result['images']:,} images are in {out}.")


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
    from vae_core.cli.generated_files import write_samples

    result = write_samples(run, target, out, count, seed, temperature, scale)
    if result["warning"]:
        print_note(result["warning"])
    print_result(result, as_json, lambda: f"{count} pictures, drawn from the {result['drawn_from']}, are in {out}.")


@app.command()
@expand_options
def traverse(
    target: RunOnData,
    out: Annotated[Path, out_file(".gif")],
    dimension: Annotated[
        int | None, typer.Option("--dimension", help="Move only this one, counted from 1. Default: all active ones.")
    ] = None,
    scale: Scale = None,
    as_json: Json = False,
) -> None:
    """Write a GIF in which each latent dimension moves from end to end while the others stay fixed, strongest first."""
    run = target.find()
    if dimension is not None and not 1 <= dimension <= run.config.model.latent:
        raise ConfigError(f"--dimension must be 1 to {run.config.model.latent}, not {dimension}.")
    from vae_core.cli.generated_files import write_traversal

    result = write_traversal(run, target, out, dimension, scale)
    names = ", ".join(f"z{number}" for number in result["dimensions"])
    print_result(result, as_json, lambda: f"{out} shows, in reading order, {names} moving from end to end.")
