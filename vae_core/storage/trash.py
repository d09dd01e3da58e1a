"""The trash: deleting a run moves its folder to `.trash/` beside the others by one rename; restoring it moves it back.

    <root>/.trash/<run-id>-<YYMMDDhhmmss>-<four digits>      the time in UTC

So after a crash a run is intact either where it was or in the trash, and no other run is affected.
"""

from __future__ import annotations

import calendar
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import filelock

from vae_core.errors import DiskError, LatentLabError, RunNotFound, RunStateError
from vae_core.storage import files
from vae_core.storage.install import move_to_free_id, stopped_if_active
from vae_core.storage.runs import Run, is_shipped, open_folder

FOLDER = ".trash"
REMOVING = ".removing-"
_ID = re.compile(r"(?P<run>[a-z0-9-]{1,40})-(?P<when>[0-9]{12})-[0-9a-f]{4}")
TRAINED = "The run {0!r} is being trained; stop it first, then delete it."
_STAMP = "%y%m%d%H%M%S"


@dataclass(frozen=True)
class Trashed:
    """A run in the trash.

    Attributes:
        id: name of its folder in the trash, as passed to `restore`.
        run_id: the run's former id.
        name: the run's name (`Run.name`), or its id if it cannot be read.
        when: time of the deletion in seconds since 1970.
        bytes: size on disk.
        folder: its folder in the trash.
    """

    id: str
    run_id: str
    name: str
    when: float
    bytes: int
    folder: Path


def delete(run: Run) -> Trashed:
    """Moves a run to the trash.

    Raises:
        RunStateError: it is being trained, or it came with the program.
        RunNotFound: it no longer exists.
        DiskError: the folder cannot be moved; the run stays where it was.
    """
    check_deletable(run)
    trash = run.folder.parent / FOLDER
    files.make_folder(trash)
    target = trash / f"{run.id}-{time.strftime(_STAMP, time.gmtime())}-{secrets.token_hex(2)}"
    try:
        with files.lock(run.lock_path, timeout=0):
            files.move(run.folder, target)
    except filelock.Timeout as error:
        raise RunStateError(TRAINED.format(run.id)) from error
    files.remove(target / ".lock")
    return _trashed(target)


def check_deletable(run: Run) -> None:
    """Raises the errors that `delete` would raise, without moving anything."""
    if is_shipped(run):
        raise RunStateError(f"The run {run.id!r} came with the program and cannot be deleted; copy it to change it.")
    if not files.is_folder(run.folder):
        raise RunNotFound(f"The run {run.id!r} is gone; choose another one.")
    if files.is_locked(run.lock_path):
        raise RunStateError(TRAINED.format(run.id))


def restore(root: Path, trashed_id: str) -> Run:
    """Moves a run back and returns it; it gets a new id if its own has been taken in the meantime.

    Raises:
        RunNotFound: there is no such run in the trash.
        CheckpointCorrupt, ConfigError, SchemaTooNew: it cannot be read; it stays in the trash.
        DiskError: the folder cannot be moved.
    """
    match = _ID.fullmatch(trashed_id)
    folder = root / FOLDER / trashed_id
    if match is None or not files.is_folder(folder):
        raise _gone(trashed_id)
    open_folder(folder)
    try:
        run = move_to_free_id(folder, root, match["run"])
    except DiskError as error:
        raise error if files.is_folder(folder) else _gone(trashed_id) from error
    status = run.status()
    if status != stopped_if_active(status):  # it is no longer in any queue
        run.write_status(stopped_if_active(status))
    return run


def list_trash(root: Path) -> list[Trashed]:
    """Returns the runs in the trash, most recently deleted first.

    Raises:
        DiskError: the trash cannot be listed.
    """
    trash = root / FOLDER
    try:
        names = files.folder_names(trash)
    except FileNotFoundError:  # nothing has been deleted yet
        return []
    trashed = [_trashed(trash / name) for name in names if _ID.fullmatch(name)]
    return sorted(trashed, key=lambda each: (-each.when, each.id))


def empty(root: Path) -> int:
    """Permanently removes everything in the trash and returns the number of bytes freed.

    Each run is first renamed to a name that `restore` does not accept, so that it can never be restored incompletely.
    If the process is killed, the next call removes what is left under such names.

    Raises:
        DiskError: something could not be removed; what was removed before stays removed.
    """
    freed = 0
    for each in list_trash(root):
        try:
            files.move(each.folder, each.folder.with_name(f"{REMOVING}{each.id}"))
        except DiskError:
            if os.path.lexists(each.folder):  # otherwise it was restored or removed in the meantime
                raise
        else:
            freed += each.bytes
    for path in (root / FOLDER).glob(f"{REMOVING}*"):
        if path.is_symlink() or not path.is_dir():
            files.remove(path)
        else:
            files.remove_tree(path)
    return freed


def _trashed(folder: Path) -> Trashed:
    match = _ID.fullmatch(folder.name)
    if match is None:
        raise _gone(folder.name)
    try:
        name = open_folder(folder).name
    except LatentLabError:  # damaged, or partly removed by an interrupted deletion: it can still be removed
        name = match["run"]
    return Trashed(folder.name, match["run"], name, _seconds(match["when"]), files.size_of(folder), folder)


def _gone(trashed_id: str) -> RunNotFound:
    return RunNotFound(f"There is no run {trashed_id[:60]!r} in the trash; it was restored, or the trash emptied.")


def _seconds(stamp: str) -> float:
    try:
        return float(calendar.timegm(time.strptime(stamp, _STAMP)))
    except ValueError:  # a folder of such a name was made by hand
        return 0.0
