"""What lies in a run's folder, and the end of its log."""

from __future__ import annotations

from vae_core.storage import files
from vae_core.storage.runs import Run

LOG_BYTES = 20_000


def own_files(run: Run) -> list[tuple[str, int]]:
    """The files of a run and their bytes, the film's frames as one line; what goes meanwhile is left out."""
    found: list[tuple[str, int]] = []
    try:
        for path in sorted(run.folder.iterdir()):
            if path.is_dir():
                found.append((f"{path.name}/ ({sum(1 for _ in path.iterdir())} files)", files.size_of(path)))
            elif not path.name.startswith("."):
                found.append((path.name, path.stat().st_size))
    except FileNotFoundError:
        return found
    return found


def log_tail(run: Run) -> str:
    """The last 20,000 bytes of the worker's log, from a line's beginning on; empty where there is none."""
    try:
        with (run.folder / "worker.log").open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - LOG_BYTES))
            text = stream.read(LOG_BYTES).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return text.partition("\n")[2] if size > LOG_BYTES else text
