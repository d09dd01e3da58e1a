"""The commands that compare a model with other codecs, and compute when a linear VAE collapses."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from vae_core.cli.options import DataDir, Json, RunOnData, expand_options, in_range
from vae_core.cli.output import print_result, progress_bar, table_of
from vae_core.data.relocation import load_run_dataset
from vae_core.errors import ConfigError
from vae_core.figures import FIGURES
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ObjectiveConfig

SHOWN = 20

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_options
def compress(
    target: RunOnData,
    images: Annotated[
        int | None, typer.Option("--images", callback=in_range(1), help="Code only the first N test images.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure rate (bits per pixel) and PSNR on the test images: a run's codes, PCA with the same coder, JPEG, PNG."""
    run = target.find()
    from vae_core.evaluation.compression import compress as compress_images
    from vae_core.evaluation.trained import load_trained

    trained = load_trained(run)
    with progress_bar("coding") as report:
        data = load_run_dataset(run, target.dataset, target.data_dir, report)
        result = asdict(compress_images(trained, data, limit=images, progress=report))
    result = {"run": str(run.folder), **result}
    print_result(result, as_json, lambda: _points_table(result))


@app.command()
def collapse(
    dataset: Annotated[
        str, typer.Option("--dataset", metavar="NAME", help="The dataset whose training images are used.")
    ] = "mnist-sample",
    likelihood: Annotated[
        str, typer.Option("--likelihood", metavar="|".join(LIKELIHOODS), help="The decoder's distribution over pixels.")
    ] = "bernoulli",
    sigma: Annotated[float, typer.Option("--sigma", help="Standard deviation of the gaussian likelihood.")] = 1.0,
    beta: Annotated[
        float | None, typer.Option("--beta", help="Also count the dimensions that stay active at this beta.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Compute from the training images at which betas the dimensions of a linear VAE collapse, one by one."""
    try:
        objective = ObjectiveConfig.model_validate({"likelihood": likelihood, "sigma": sigma, "beta": beta or 0.0})
    except ValueError as error:
        raise ConfigError(
            "--likelihood, --sigma and --beta have the same ranges as for `train`; see `train --help`."
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
                "bits per pixel": f"{point['bits_per_pixel']:.4f}",
                FIGURES["psnr"].label: "lossless" if point["psnr"] is None else FIGURES["psnr"].text(point["psnr"]),
                "pays off after": "" if after is None else f"{after:,} images",
            }
        )
    weights = f"Decoder: {result['decoder_bytes']:,} bytes; PCA: {result['pca_bytes']:,} bytes."
    return [weights, table_of(rows)]


def _thresholds_text(result: dict[str, Any]) -> str:
    first = ", ".join(f"{value:.4g}" for value in result["thresholds"][:SHOWN])
    kept = "" if result["kept"] is None else f" At beta {result['beta']:g}, {result['kept']} dimensions stay active."
    return f"The first {SHOWN} betas above which a dimension collapses: {first}.{kept}"
