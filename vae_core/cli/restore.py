"""The command that measures how well a model restores damaged images, or restores the user's own pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vae_core.cli.options import Json, OptionGroup, RunOnData, expand_options
from vae_core.cli.output import print_result, progress_bar, table_of
from vae_core.errors import ConfigError
from vae_core.figures import FIGURES
from vae_core.registry.corruption_rows import CORRUPTIONS

app = typer.Typer(rich_markup_mode=None)


@dataclass(frozen=True)
class Damage(OptionGroup):
    """How the test images are damaged."""

    corruption: Annotated[
        str | None, typer.Option("--corruption", metavar="NAME", help=f"One of {', '.join(CORRUPTIONS)}.")
    ] = None
    level: Annotated[
        float | None,
        typer.Option("--level", metavar="L", help="In the corruption's unit. Default: the corruption's usual level."),
    ] = None
    images: Annotated[int, typer.Option("--images", help="How many test images, 1 to 10000.")] = 1000


@dataclass(frozen=True)
class Pictures(OptionGroup):
    """The user's own pictures, and where the restored ones go."""

    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="FILE|FOLDER|ZIP",
            help="Restore these pictures, including those in subfolders, into --out. They are not damaged first.",
        ),
    ] = None
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Folder for the restored pictures, as PNG. Created if missing."),
    ] = None
    invert: Annotated[
        bool, typer.Option("--invert", help="Swap light and dark before restoring a picture, and back afterwards.")
    ] = False


@app.command()
@expand_options
def restore(target: RunOnData, damage: Damage, pictures: Pictures, as_json: Json = False) -> int:
    """Measure how well a run restores damaged test images, or restore your own pictures.

    Measures PSNR and SSIM, next to tuned filters and ridge regression.
    """
    source, out = pictures.source, pictures.out
    if source is None and out is None:
        if pictures.invert:
            raise ConfigError("--invert is for your own pictures; give --input and --out as well, or leave it out.")
        _measure(target, damage, as_json)
        return 0
    if source is None or out is None:
        raise ConfigError("--input and --out go together: the pictures, and a folder for the restored ones.")
    if damage.corruption is not None or damage.level is not None:
        raise ConfigError(
            "Your own pictures are not damaged before they are restored; leave out --corruption and --level."
        )
    if source.resolve() == out.resolve():
        raise ConfigError("--out must be a different folder from --input, whose pictures are not changed.")
    run = target.find()
    from vae_core.cli.restored_files import restore_pictures

    return restore_pictures(run, source, out, pictures.invert, as_json)


def _measure(target: RunOnData, damage: Damage, as_json: bool) -> None:
    run = target.find()
    if damage.corruption is None:
        raise ConfigError(f"Name the damage to restore with --corruption: {', '.join(CORRUPTIONS)}.")
    from vae_core.evaluation.restoration import restore_run

    with progress_bar("restoring") as report:
        result = restore_run(
            run, damage.corruption, damage.level, images=damage.images, dataset=target.dataset,
            data_dir=target.data_dir, progress=report,
        )  # fmt: skip
    print_result(result, as_json, lambda: table_of(_rows(result)))


def _rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per method: the damaged images, the model, its upper bound, the baselines."""
    titles = {"corrupted": "corrupted", "model": "model", "clean": "model, of the clean images"}
    methods = {title: {key: result[f"{key}_{name}"] for key in ("psnr", "ssim")} for name, title in titles.items()}
    methods |= result["baselines"]
    return [
        {"method": name, **{FIGURES[key].label: FIGURES[key].text(scores[key]) for key in ("psnr", "ssim")}}
        for name, scores in methods.items()
    ]
