"""Restores the user's own pictures file by file, and lists those that could not be used, with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.table import Table

from vae_core.cli.output import Report, print_result, progress_bar, table_of
from vae_core.data.batches import to_float
from vae_core.data.picture_files import ENDINGS, PictureSet, open_pictures
from vae_core.data.pictures import prepare
from vae_core.errors import ConfigError, DataError
from vae_core.evaluation.polarity import ADVICE, looks_inverted
from vae_core.evaluation.restoration import bytes_of, restore
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.storage import files
from vae_core.storage.runs import Run
from vae_core.viz.grids import mosaic, png_bytes


def restore_pictures(run: Run, source: Path, out: Path, invert: bool, as_json: bool) -> int:
    """Restores all usable pictures, lists the others, and returns the exit status."""
    with open_pictures(source, leave_out=out) as pictures:
        targets = pictures.targets()
        if pictures.sources & {(out / target).resolve() for target in targets}:
            raise ConfigError("--out must be another folder: a restored picture would replace one of --input.")
        trained = load_trained(run)
        with progress_bar("restoring") as report:
            done, failed = _write_restored(trained, pictures, targets, out, invert, report)
    if failed and not done and source.is_file() and len(pictures.pictures) == 1:
        raise DataError(f"{source.name}: {failed[0]['reason']}")
    result = {"run": str(run.folder), "out": str(out), "images": len(done), "files": done}
    result |= {"failed": failed, "ignored": pictures.ignored, "inverted": invert}
    print_result(result, as_json, lambda: _report(result))
    return 1 if failed else 0


def _report(result: dict[str, Any]) -> list[str | Table]:
    parts: list[str | Table] = []
    if result["files"]:
        titles = {"file": "file", "restored": "restored", "notes": "notes"}
        parts.append(table_of([row | {"notes": " ".join(row["notes"])} for row in result["files"]], titles))
    if result["failed"]:
        parts += ["", "Not restored:", table_of(result["failed"])]
    if result["ignored"]:
        count = len(result["ignored"])
        parts += [
            "",
            f"Left out: {count:,} file{'s' if count > 1 else ''} not named as a picture ({', '.join(ENDINGS)}).",
        ]
    if doubtful := sum(row["looks_inverted"] for row in result["files"]):
        what = "try it without --invert" if result["inverted"] else "try --invert"
        parts += ["", f"{doubtful:,} of {result['images']:,} look inverted to the model; {what}."]
    return parts


def _write_restored(
    trained: Trained, pictures: PictureSet, targets: list[str], out: Path, invert: bool, report: Report
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Restores each picture at the model's size; returns a row for each, and a row with the reason for each failure."""
    done: list[dict[str, Any]] = []
    failed = [{"file": name, "reason": reason} for name, reason in pictures.unreadable.items()]
    for index, (picture, target) in enumerate(zip(pictures.pictures, targets, strict=True)):
        try:
            restored, about = _restored(trained, picture.read(), invert)
        except DataError as error:
            failed.append({"file": picture.name, "reason": str(error)})
        else:
            files.make_folder((out / target).parent)
            files.write_atomic(out / target, restored)
            done.append({"file": picture.name, "restored": target, **about})
        report("restoring", (index + 1) / len(targets))
    return done, failed


def _restored(trained: Trained, content: bytes, invert: bool) -> tuple[bytes, dict[str, Any]]:
    """The restored picture as PNG, and its entries in the JSON result.

    Raises:
        DataError: the content is not a picture, or cannot be used.
    """
    prepared = prepare(content, trained.image_shape, invert=invert)
    other_way = prepare(content, trained.image_shape, invert=not invert)
    notes, doubtful = list(prepared.notes), looks_inverted(trained, prepared.image, other_way.image)
    if invert:
        notes.append("They were swapped back in the restored picture.")
    elif doubtful:
        notes.append(f"It {ADVICE}; --invert swaps them.")
    made = bytes_of(restore(trained, to_float(torch.from_numpy(prepared.image[None]))))
    png = png_bytes(mosaic(np.invert(made) if invert else made, columns=1))
    return png, {"notes": notes, "looks_inverted": doubtful}
