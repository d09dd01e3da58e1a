"""Installs a run made elsewhere, such as an import or a copy: its folder appears under a free id by one rename."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vae_core.errors import DiskError
from vae_core.storage import files
from vae_core.storage.runs import Run, Status, free_id, open_folder
from vae_core.storage.states import State

ABANDONED_SECONDS = 3600.0


def install_run(root: Path, wanted: str, members: dict[str, bytes], finish: Callable[[Path], None]) -> Run:
    """Creates a run from the content of its files, under the wanted id or the next free one.

    Args:
        root: the folder of the runs.
        wanted: the preferred id.
        members: contents by file name.
        finish: checks and completes the folder before it gets its final name; if it raises, nothing is left behind.

    Raises:
        DiskError: the folder could not be written; nothing was changed.
    """
    files.make_folder(root)
    _remove_abandoned(root)
    with files.temporary_folder(root / wanted) as temporary:
        folder = temporary / "run"  # not the temporary folder itself, which is private: a run's mode follows the umask
        files.make_folder(folder)
        for name, content in members.items():
            files.make_folder((folder / name).parent)
            files.write_atomic(folder / name, content, durable=not name.startswith("film/"))
        finish(folder)
        return move_to_free_id(folder, root, wanted)


def move_to_free_id(folder: Path, root: Path, wanted: str) -> Run:
    """Moves a run's folder under `root`, with the wanted id or the next free one.

    Raises:
        DiskError: it cannot be moved and stays where it was.
    """
    while True:
        target = root / free_id(root, wanted)
        try:
            files.move(folder, target)
        except DiskError:
            if not os.path.lexists(target):
                raise
        # if the target exists, another process took the id in the meantime: try the next one
        else:
            return open_folder(target)


def _remove_abandoned(root: Path) -> None:
    """Removes what a killed import or copy left behind; a recent folder may still be in use."""
    for partial in root.glob(".partial-*"):
        with contextlib.suppress(OSError):  # another process removed it first, or it belongs to another user
            if time.time() - partial.stat().st_mtime > ABANDONED_SECONDS:
                files.remove_tree(partial)


def stopped_if_active(status: Status) -> Status:
    """Returns the status for a run that no process is training: queued, running and paused become stopped."""
    return replace(status, state=State.STOPPED, message="") if status.state.is_active else status
