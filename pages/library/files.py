"""What lies in a run's folder, and the end of its log."""

from __future__ import annotations

import contextlib
from pathlib import Path

from vae_core.storage import files
from vae_core.storage.runs import Run

LOG_BYTES = 20_000


def own_files(run: Run) -> list[tuple[str, int]]:
    """The files of a run and their bytes, a folder such as the film as one line; what cannot be read is left out."""
    found: list[tuple[str, int]] = []
    with contextlib.suppress(OSError):
        for path in sorted(run.folder.iterdir()):
            with contextlib.suppress(OSError):
                found += _line(path)
    return found


def _line(path: Path) -> list[tuple[str, int]]:
    if path.is_dir():
        return [(f"{path.name}/ ({sum(1 for _ in path.iterdir())} files)", files.size_of(path))]
    return [] if path.name.startswith(".") else [(path.name, path.stat().st_size)]


def log_tail(run: Run) -> str:
    """The last 20,000 bytes of the worker's log, from a line's beginning on; empty where it cannot be read."""
    try:
        with (run.folder / "worker.log").open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - LOG_BYTES))
            text = stream.read(LOG_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return text.partition("\n")[2] if size > LOG_BYTES else text
