"""The files in a run's folder, and the end of its log."""

from __future__ import annotations

import contextlib
from pathlib import Path

from vae_core.storage import files
from vae_core.storage.runs import Run

LOG_BYTES = 20_000


def own_files(run: Run) -> list[tuple[str, int]]:
    """Returns the files of a run with their size in bytes; a folder such as the film is one entry.

    Files that cannot be read are left out.
    """
    entries: list[tuple[str, int]] = []
    with contextlib.suppress(OSError):
        for path in sorted(run.folder.iterdir()):
            with contextlib.suppress(OSError):
                entries += _entry(path)
    return entries


def _entry(path: Path) -> list[tuple[str, int]]:
    if path.is_dir():
        return [(f"{path.name}/ ({sum(1 for _ in path.iterdir())} files)", files.size_of(path))]
    return [] if path.name.startswith(".") else [(path.name, path.stat().st_size)]


def log_tail(run: Run) -> str:
    """Returns the last 20,000 bytes of the worker's log, from the start of a line; empty if it cannot be read."""
    try:
        with (run.folder / "worker.log").open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - LOG_BYTES))
            text = stream.read(LOG_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return text.partition("\n")[2] if size > LOG_BYTES else text
