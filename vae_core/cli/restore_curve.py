"""The command that measures how well runs restore images at each level of a corruption."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from vae_core.cli.options import DataDir, DatasetOption, Json, Runs
from vae_core.cli.output import print_result, progress_bar, table_of
from vae_core.figures import FIGURES
from vae_core.registry.corruption_rows import CORRUPTIONS
from vae_core.storage import paths
from vae_core.storage.find_runs import find_run

app = typer.Typer(rich_markup_mode=None)


@app.command()
def restore_curve(
    names: Annotated[list[str], typer.Argument(metavar="RUN...", help="Names, ids or folders of runs.")],
    corruption: Annotated[str, typer.Option("--corruption", metavar="NAME", help=f"One of {', '.join(CORRUPTIONS)}.")],
    images: Annotated[int, typer.Option("--images", help="How many test images, 1 to 10000.")] = 1000,
    dataset: DatasetOption = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Measure PSNR and SSIM of restored test images at each level of a corruption, next to simple baselines.

    Each point is stored with its run as soon as it is measured, so the command can be interrupted and started again; the
    Denoise page draws the stored points. All runs are measured on the same images: those of the first run's dataset,
    unless --dataset names another.
    """
    root = paths.runs_folder(runs)
    chosen = [find_run(name, root) for name in names]
    from vae_core.evaluation.restoration_curve import restoration_curves

    with progress_bar("measuring") as report:
        result = restoration_curves(
            chosen, corruption, images=images, dataset=dataset, data_dir=data_dir, progress=report
        )
    print_result(result, as_json, lambda: _tables(result, [run.name for run in chosen]))


def _tables(result: dict[str, Any], names: list[str]) -> list[str | Table]:
    """A heading and a table for each run."""
    parts: list[str | Table] = []
    for name, curve in zip(names, result["runs"], strict=True):
        parts += [f"{name}: {FIGURES['psnr'].label}", table_of([_row(point) for point in curve["points"]])]
    return parts


def _row(point: dict[str, Any]) -> dict[str, str]:
    """A point as a row: the damaged images, the model, the limit set by its bottleneck, and the best baseline."""
    best, figures = max(point["baselines"].items(), key=lambda item: item[1]["psnr"])
    text = FIGURES["psnr"].text
    return {
        "level": "–" if point["level"] is None else f"{point['level']:g}",
        "corrupted": text(point["psnr_corrupted"]),
        "model": text(point["psnr_model"]),
        "model, of the clean images": text(point["psnr_clean"]),
        "best baseline": f"{text(figures['psnr'])} {best}",
    }
