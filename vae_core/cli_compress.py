"""The commands that hold a model against a yardstick: file formats, and the linear VAE's theory."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from vae_core.cli_app import DataDir, Json, RunName, Runs, app, print_result, table_of
from vae_core.cli_options import progress_bar
from vae_core.config import ObjectiveConfig
from vae_core.data.moved import load_for
from vae_core.errors import ConfigError
from vae_core.storage import paths
from vae_core.storage.lookup import find_run

SHOWN = 20


@app.command()
def compress(
    run: RunName,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME", help="Other images than those it was trained on.")
    ] = None,
    images: Annotated[int | None, typer.Option("--images", help="Code the first N test images only.")] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Rate in bits a pixel and PSNR of the test images: the model's codes, PCA by the same coder, JPEG, PNG."""
    if images is not None and images < 1:
        raise ConfigError(f"--images must be at least 1, not {images}.")
    found = find_run(run, paths.runs_folder(runs))
    from vae_core.evaluation.compression import compress as compress_images
    from vae_core.evaluation.trained import load_trained

    trained = load_trained(found)
    with progress_bar("coding") as report:
        data = load_for(found, dataset, data_dir, report)
        result = asdict(compress_images(trained, data, limit=images, progress=report))
    result = {"run": str(found.folder), **result}
    print_result(result, as_json, lambda: _points_table(result))


@app.command()
def collapse(
    dataset: Annotated[str, typer.Option("--dataset", metavar="NAME", help="The images.")] = "mnist-sample",
    likelihood: Annotated[
        str, typer.Option("--likelihood", help="The decoder's distribution over pixels.")
    ] = "bernoulli",
    sigma: Annotated[float, typer.Option("--sigma", help="Standard deviation of the gaussian likelihood.")] = 1.0,
    beta: Annotated[float | None, typer.Option("--beta", help="Count the dimensions that live at this beta.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """The betas at which one more dimension of a linear VAE collapses, from the training images alone."""
    try:
        objective = ObjectiveConfig.model_validate({"likelihood": likelihood, "sigma": sigma, "beta": beta or 0.0})
    except ValueError as error:
        raise ConfigError(
            "--likelihood, --sigma and --beta take what `train` takes; see `train --help` for their ranges."
        ) from error
    from vae_core.data import datasets
    from vae_core.metrics.latents import collapse_beta
    from vae_core.objectives.likelihoods import build_likelihood

    with progress_bar("eigenvalues") as report:
        data = datasets.load_dataset(dataset, data_dir, report)
        thresholds = collapse_beta(data.train_images, build_likelihood(objective)).tolist()
    result: dict[str, Any] = {"dataset": data.name, "likelihood": likelihood, "sigma": sigma, "thresholds": thresholds}
    result |= {"beta": beta, "kept": None if beta is None else sum(value > beta for value in thresholds)}
    print_result(result, as_json, lambda: _thresholds_text(result))


def _points_table(result: dict[str, Any]) -> list[str | Table]:
    pays = {row["setting"]: row["images"] for row in result["payback"]}
    rows = []
    for point in result["points"]:
        after = pays.get(point["setting"]) if point["codec"] == "model" else None
        rows.append(
            {
                "codec": point["codec"],
                "setting": "" if point["setting"] is None else f"{point['setting']:g}",
                "bits a pixel": f"{point['bits_per_pixel']:.4f}",
                "PSNR, dB": "lossless" if point["psnr"] is None else f"{point['psnr']:.2f}",
                "pays after": "" if after is None else f"{after:,} images",
            }
        )
    weights = f"Decoder: {result['decoder_bytes']:,} bytes; PCA: {result['pca_bytes']:,} bytes."
    return [weights, table_of(rows)]


def _thresholds_text(result: dict[str, Any]) -> str:
    first = ", ".join(f"{value:.4g}" for value in result["thresholds"][:SHOWN])
    kept = "" if result["kept"] is None else f" At beta {result['beta']:g} {result['kept']} dimensions live."
    return f"The first {SHOWN} betas beyond which a dimension collapses: {first}.{kept}"
