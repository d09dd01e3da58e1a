"""The trash: a deleted run is its folder, moved by one rename to `.trash/` beside the others, and moved back by another.

    <root>/.trash/<run-id>-<YYMMDDhhmmss>-<four digits>      the time in UTC

So a crash leaves a run where it was or in the trash, whole, and no other run is touched.
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
from vae_core.storage.placement import at_rest, settle
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
        id: of its folder in the trash; what `restore` takes.
        run_id: the id that it had.
        name: what the person called it, else what it is in short; its id where it cannot be read.
        when: of the deletion, seconds since 1970.
        bytes: on the disk.
        folder: where it lies.
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
        RunStateError: it is being trained, or it is a shipped one.
        RunNotFound: it is gone already.
        DiskError: the folder cannot be moved; the run stands where it was.
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
    """Raises as `delete` does, and moves nothing."""
    if is_shipped(run):
        raise RunStateError(f"The run {run.id!r} came with the program and cannot be deleted; copy it to change it.")
    if not files.is_folder(run.folder):
        raise RunNotFound(f"The run {run.id!r} is gone; choose another one.")
    if files.is_locked(run.lock_path):
        raise RunStateError(TRAINED.format(run.id))


def restore(root: Path, trashed_id: str) -> Run:
    """Moves a run back to where it was; under a new id (see the run returned) where its own is taken by now.

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
        run = settle(folder, root, match["run"])
    except DiskError as error:
        raise error if files.is_folder(folder) else _gone(trashed_id) from error
    status = run.status()
    if status != at_rest(status):  # nobody's queue holds it any more
        run.write_status(at_rest(status))
    return run


def list_trash(root: Path) -> list[Trashed]:
    """What lies in the trash, the last deleted first.

    Raises:
        DiskError: the trash cannot be listed.
    """
    trash = root / FOLDER
    try:
        names = files.folder_names(trash)
    except FileNotFoundError:  # nothing was deleted so far
        return []
    found = [_trashed(trash / name) for name in names if _ID.fullmatch(name)]
    return sorted(found, key=lambda each: (-each.when, each.id))


def empty(root: Path) -> int:
    """Removes for good what lies in the trash, and returns how many bytes that freed.

    A run is renamed first, to a name that `restore` does not take, so that it comes back whole or not at all. What a
    killed emptying left under such a name goes with the next one.

    Raises:
        DiskError: something could not be removed; what was, is.
    """
    freed = 0
    for each in list_trash(root):
        try:
            files.move(each.folder, each.folder.with_name(f"{REMOVING}{each.id}"))
        except DiskError:
            if os.path.lexists(each.folder):  # otherwise it was restored, or removed, since the list was made
                raise
        else:
            freed += each.bytes
    for left in (root / FOLDER).glob(f"{REMOVING}*"):
        if left.is_symlink() or not left.is_dir():
            files.remove(left)
        else:
            files.remove_tree(left)
    return freed


def _trashed(folder: Path) -> Trashed:
    match = _ID.fullmatch(folder.name)
    if match is None:
        raise _gone(folder.name)
    try:
        name = open_folder(folder).name
    except LatentLabError:  # damaged, or half removed when somebody pulled the plug: it can still be removed
        name = match["run"]
    return Trashed(folder.name, match["run"], name, _seconds(match["when"]), files.size_of(folder), folder)


def _gone(trashed_id: str) -> RunNotFound:
    return RunNotFound(f"There is no run {trashed_id[:60]!r} in the trash; it was restored, or the trash emptied.")


def _seconds(stamp: str) -> float:
    try:
        return float(calendar.timegm(time.strptime(stamp, _STAMP)))
    except ValueError:  # somebody made a folder of such a name
        return 0.0
