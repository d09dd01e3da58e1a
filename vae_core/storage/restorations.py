"""The curves of quality against level that were measured of a run, one file a corruption, kept with it.

Those of a read-only or shipped run stand in the cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vae_core.errors import CheckpointError, DiskError
from vae_core.storage import files, places
from vae_core.storage.arrays import check_schema
from vae_core.storage.runs import Run, is_shipped

SCHEMA = 1


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
            document = files.read_json(path)
            check_schema(document.get("schema"), SCHEMA, path.name)
        except (FileNotFoundError, NotADirectoryError, CheckpointError, DiskError):  # it can be measured anew
            continue
        return document
    return None


def _places(run: Run, corruption: str) -> tuple[Path, Path]:
    name = f"restoration-{corruption}.json"
    key = files.digest(str(run.folder.resolve()).encode())[:12]
    return run.folder / name, places.cache_folder() / "restorations" / f"{run.id}-{key}" / name
