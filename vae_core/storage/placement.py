"""Putting a whole run folder under a runs folder, by one rename, with an id of its own."""

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


def place(root: Path, wanted: str, members: dict[str, bytes], finish: Callable[[Path], None]) -> Run:
    """A run made of these files, under the id wanted or the first free one behind it.

    Args:
        root: the folder of the runs.
        wanted: the id.
        members: the files by name.
        finish: looks at the folder and completes it before it has its name; where it raises, nothing is left behind.

    Raises:
        DiskError: nothing was changed.
    """
    files.make_folder(root)
    _sweep(root)
    with files.temporary_folder(root / wanted) as temporary:
        folder = temporary / "run"  # a temporary folder is private, and a run's mode follows the umask
        files.make_folder(folder)
        for name, content in members.items():
            files.make_folder((folder / name).parent)
            files.write_atomic(folder / name, content, durable=not name.startswith("film/"))
        finish(folder)
        return settle(folder, root, wanted)


def settle(folder: Path, root: Path, wanted: str) -> Run:
    """Renames a run's folder to the id wanted under `root`, or to the first free one behind it.

    Raises:
        DiskError: it cannot be moved, and stands where it was.
    """
    while True:
        target = root / free_id(root, wanted)
        try:
            files.move(folder, target)
        except DiskError:
            if not os.path.lexists(target):
                raise
        else:  # otherwise somebody took the id since it was found free, and there is another one
            return open_folder(target)


def _sweep(root: Path) -> None:
    """Removes what a killed import or copy left behind; a young one may still be at work."""
    for left in root.glob(".partial-*"):
        with contextlib.suppress(OSError):  # another one sweeps as well, or it is somebody else's
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                files.remove_tree(left)


def at_rest(status: Status) -> Status:
    """A status for a run that no process can be training: one that was waiting, running or paused is stopped."""
    return replace(status, state=State.STOPPED, message="") if status.state.is_active else status
