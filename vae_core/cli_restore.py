"""The command that measures how well a model restores damaged images, or restores one's own files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vae_core.cli_app import DataDir, Json, OtherDataset, RunName, Runs, app, print_result, short, table_of
from vae_core.cli_options import Report, progress_bar
from vae_core.errors import ConfigError, DataError
from vae_core.levels import CORRUPTIONS
from vae_core.storage import files, places
from vae_core.storage.lookup import find_run
from vae_core.storage.runs import Run

if TYPE_CHECKING:
    from vae_core.evaluation.trained import Trained

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
Input = Annotated[
    Path | None,
    typer.Option("--input", metavar="FOLDER", help="Restore the pictures in this folder, as they are, into --out."),
]


@app.command()
def restore(
    run: RunName,
    corruption: Annotated[
        str | None, typer.Option("--corruption", metavar="NAME", help=f"One of {', '.join(CORRUPTIONS)}.")
    ] = None,
    level: Annotated[
        float | None, typer.Option("--level", metavar="L", help="In the corruption's unit. Default: its usual one.")
    ] = None,
    images: Annotated[int, typer.Option("--images", help="How many test images, 1 to 10000.")] = 1000,
    source: Input = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where restored pictures go, as PNG; made if missing."),
    ] = None,
    dataset: OtherDataset = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """PSNR and SSIM of damaged test images and of what the model makes of them, beside tuned classical filters."""
    if source is None and out is None:
        _measure(find_run(run, places.runs_folder(runs)), corruption, level, images, dataset, data_dir, as_json)
        return
    if source is None or out is None:
        raise ConfigError("--input and --out go together: a folder of pictures, and a folder for the restored ones.")
    if corruption is not None or level is not None:
        raise ConfigError("Pictures of one's own are restored as they are; leave --corruption and --level out.")
    if source.resolve() == out.resolve():
        raise ConfigError("--out must be another folder than --input, whose pictures stay as they are.")
    _restore_files(find_run(run, places.runs_folder(runs)), source, out, as_json)


def _measure(
    run: Run,
    corruption: str | None,
    level: float | None,
    images: int,
    dataset: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    if corruption is None:
        raise ConfigError(f"Name what to restore from with --corruption: {', '.join(CORRUPTIONS)}.")
    from vae_core.evaluation.restoration import restore_run

    with progress_bar("restoring") as report:
        result = restore_run(run, corruption, level, images=images, dataset=dataset, data_dir=data_dir, progress=report)
    print_result(result, as_json, lambda: table_of(_rows(result)))


def _rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    """A line a method: the damaged images, the model, its bound, the baselines."""
    titles = {"corrupted": "corrupted", "model": "model", "clean": "model, of the clean images"}
    methods = {title: {key: result[f"{key}_{name}"] for key in ("psnr", "ssim")} for name, title in titles.items()}
    methods |= result["baselines"]
    return [
        {"method": name, "PSNR, dB": short(one["psnr"]), "SSIM": short(one["ssim"])} for name, one in methods.items()
    ]


def _restore_files(run: Run, source: Path, out: Path, as_json: bool) -> None:
    paths = _pictures(source)
    from vae_core.evaluation.trained import load_trained

    trained = load_trained(run)
    with progress_bar("restoring") as report:
        done = _write_restored(trained, paths, out, report)
    result = {"run": str(run.folder), "out": str(out), "images": len(done), "files": done}
    print_result(result, as_json, lambda: table_of(_file_rows(done)))


def _file_rows(done: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"file": one["file"], "restored": one["restored"], "notes": " ".join(one["notes"])} for one in done]


def _pictures(source: Path) -> list[Path]:
    """The pictures of a folder, by their names' endings, sorted."""
    if not os.path.isdir(source):  # noqa: PTH112  (Path.is_dir raises for names that are too long)
        raise ConfigError(f"The folder {str(source)!r} of --input is not there; name a folder of pictures.")
    found = sorted(path for path in source.iterdir() if path.suffix.lower() in ENDINGS and path.is_file())
    if not found:
        raise DataError(f"There is no picture in {str(source)!r}; put PNG, JPEG, GIF, WebP, BMP or TIFF files there.")
    return found


def _write_restored(trained: Trained, paths: list[Path], out: Path, report: Report) -> list[dict[str, Any]]:
    """Restores each picture at the model's size, and tells what was done to fit it.

    Raises:
        DataError: one of them is no picture; nothing is written.
    """
    import torch

    from vae_core.data.batches import to_float
    from vae_core.data.pictures import prepare
    from vae_core.evaluation.restoration import bytes_of
    from vae_core.evaluation.restoration import restore as restore_images
    from vae_core.viz.grids import mosaic, png_bytes

    all_prepared = []
    for path in paths:
        try:
            all_prepared.append(prepare(files.read_bytes(path), trained.image_shape))
        except DataError as error:
            raise DataError(f"{path.name}: {error}") from error
    files.make_folder(out)
    done, taken = [], set()
    for index, (path, prepared) in enumerate(zip(paths, all_prepared, strict=True)):
        restored = restore_images(trained, to_float(torch.from_numpy(prepared.image)[None]))
        name = f"{path.stem}.png"
        if name in taken:  # the same stem with two endings
            name = f"{path.name}.png"
        taken.add(name)
        files.write_atomic(out / name, png_bytes(mosaic(bytes_of(restored), columns=1)))
        done.append({"file": path.name, "restored": name, "notes": prepared.notes})
        report(f"restoring {path.name}", (index + 1) / len(paths))
    return done
