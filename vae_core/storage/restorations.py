"""The curves of quality against level that were measured of a run, one file a corruption, kept with it.

Those of a read-only or shipped run stand in the cache.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vae_core.errors import CheckpointCorrupt, CheckpointError, DiskError
from vae_core.storage import files, paths
from vae_core.storage.figures import is_number
from vae_core.storage.runs import Run, is_shipped
from vae_core.storage.schema import check_schema

SCHEMA = 1
OWN = ("corrupted", "model", "clean")
"""What differs from model to model; the baselines of a point do not."""


def curve_name(corruption: str) -> str:
    """The name of the file for it."""
    return f"restoration-{corruption}.json"


def write_curve(run: Run, corruption: str, document: dict[str, Any]) -> None:
    """Keeps what was measured, with the run or, where that is shipped or read-only, in the cache.

    Raises:
        DiskError: the disk takes neither.
    """
    own, cached = _places(run, corruption)
    whole = {"schema": SCHEMA, **document}
    if not is_shipped(run):
        try:
            files.write_json(own, whole, durable=False)
        except DiskError:  # a read-only run; the cache is the place then
            pass
        else:
            return
    files.make_folder(cached.parent)
    files.write_json(cached, whole, durable=False)


def read_curve(run: Run, corruption: str) -> dict[str, Any] | None:
    """What was kept, or None where there is nothing that this program can read."""
    for path in reversed(_places(run, corruption)) if is_shipped(run) else _places(run, corruption):
        try:
            document = check_curve(files.read_json(path))
        except (FileNotFoundError, NotADirectoryError, CheckpointError, DiskError):  # it can be measured anew
            continue
        return document
    return None


def check_curve(document: dict[str, Any]) -> dict[str, Any]:
    """The document, if it is one of a curve.

    Raises:
        CheckpointCorrupt: a point is missing or no number.
        SchemaTooNew: a newer program wrote it.
    """
    check_schema(document.get("schema"), SCHEMA, "The curve of restoration")
    points = document.get("points")
    if not (isinstance(points, list) and all(_is_point(point) for point in points)):
        raise CheckpointCorrupt("A curve of restoration is damaged: a point is missing or no number; remove the file.")
    return document


def _is_point(point: object) -> bool:
    if not (isinstance(point, dict) and is_number(point.get("level")) and isinstance(point.get("baselines"), dict)):
        return False
    qualities = [*(point.get(key) for key in OWN), *point["baselines"].values()]
    return all(isinstance(one, dict) and all(_is_figure(one, key) for key in ("psnr", "ssim")) for one in qualities)


def _is_figure(quality: dict[str, Any], key: str) -> bool:
    """A number, or null where images are too small for the measure."""
    return key in quality and (quality[key] is None or is_number(quality[key]))


def _places(run: Run, corruption: str) -> tuple[Path, Path]:
    name = curve_name(corruption)
    key = files.digest(os.path.realpath(run.folder).encode())[:12]
    return run.folder / name, paths.cache_folder() / "restorations" / f"{run.id}-{key}" / name
