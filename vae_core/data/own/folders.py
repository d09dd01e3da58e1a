"""Folders and zips of pictures: which files they hold, and the classes and splits that the folders' names tell.

A zip is never unpacked to disk. Links to files outside the folder, links to folders, and members of a zip whose names lead
out of it are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from vae_core.data.own.found import MAX_PICTURES, Content, Entry, Found, Member, Rejected, Split, fingerprint
from vae_core.data.own.label_files import add_labels
from vae_core.data.picture_files import MAX_BYTES, is_hidden, is_zip, open_zip, read_file, read_member
from vae_core.errors import DataError

TRAINING, HELD_OUT, VALIDATION = ("train", "training"), ("test", "testing"), ("val", "valid", "validation")
TABLES = (".csv", ".tsv")
LEADS_OUT = "Its name leads out of the zip."


def open_folder(folder: Path, names: list[str], rejected: list[Rejected], tables: Sequence[str] | None = None) -> Found:
    """Finds the pictures among the files of a folder.

    Args:
        folder: the folder.
        names, rejected: what `list_files` found in it, or a part of that.
        tables: names of the files with labels; by default every CSV in the folder itself.
    """
    found = _arranged(folder, "folder of pictures", names, rejected, lambda name: read_file(folder / name), tables)
    entries = found.entries
    found.contents = lambda start: (folder / entry.name for entry in entries[start:])
    found.fingerprint = fingerprint([os.path.join(folder, name) for name in names])  # noqa: PTH118
    return found


def open_archive(path: Path) -> Found:
    """Finds the pictures in a zip.

    Raises:
        DataError: it is damaged, no zip, or holds too many files.
    """
    with open_zip(path) as archive:
        members: dict[str, int] = {}
        rejected = []
        for index, member in enumerate(archive.infolist()):
            name = member.filename.replace("\\", "/")
            parts = name.split("/")
            if member.is_dir() or any(is_hidden(part) for part in parts):
                continue
            if ".." in parts or name.startswith("/") or ":" in parts[0]:
                rejected.append(Rejected(member.filename, LEADS_OUT))
            elif name in members:
                rejected.append(Rejected(member.filename, "The zip holds another file of this name."))
            elif name.lower().endswith(".zip"):
                rejected.append(Rejected(member.filename, "A zip within a zip is not opened; unpack it."))
            else:
                members[name] = index
        _check_number(len(members))

        def read(name: str) -> bytes:
            return read_member(archive, archive.infolist()[members[name]], MAX_BYTES)

        found = _arranged(path, "zip of pictures", sorted(members), rejected, read, None)
    entries = found.entries
    found.contents = lambda start: (Member(path, members[entry.name]) for entry in entries[start:])
    found.fingerprint = fingerprint([path])
    return found


def list_files(folder: Path) -> tuple[list[str], list[Rejected]]:
    """Returns the files in a folder and its subfolders, with forward slashes and sorted, and what is left out, and why.

    Hidden files and folders are skipped without mention.

    Raises:
        DataError: the folder cannot be read, or holds too many files.
    """
    names, rejected, inside = [], [], os.path.realpath(folder)

    def note(error: OSError) -> None:
        where = Path(os.fsdecode(error.filename))
        if where == folder:
            raise DataError(
                f"The folder {str(folder)[:200]!r} cannot be read ({error.strerror}); check its permissions."
            ) from error
        rejected.append(Rejected(where.relative_to(folder).as_posix(), f"It cannot be read ({error.strerror})."))

    root = os.fspath(folder)
    for place, folders, here in os.walk(root, onerror=note):  # strings, since a Path for each file takes as long again
        below = "" if place == root else os.path.relpath(place, root).replace(os.sep, "/") + "/"
        for name in list(folders):
            if is_hidden(name):
                folders.remove(name)
            elif os.path.islink(os.path.join(place, name)):  # noqa: PTH114, PTH118
                folders.remove(name)
                rejected.append(Rejected(below + name, "It is a link to a folder."))
        for name in here:
            if not is_hidden(name):
                path = os.path.join(place, name)  # noqa: PTH118
                if os.path.islink(path) and os.path.commonpath([inside, os.path.realpath(path)]) != inside:  # noqa: PTH114
                    rejected.append(Rejected(below + name, "It is a link that leads out of the folder."))
                else:
                    names.append(below + name)
        _check_number(len(names))
    return sorted(names), sorted(rejected)


def _check_number(count: int) -> None:
    if count > MAX_PICTURES:
        raise DataError(f"There are more than {MAX_PICTURES:,} files in it; choose a part of it.")


def _arranged(
    path: Path,
    kind: str,
    names: Sequence[str],
    rejected: list[Rejected],
    read: Callable[[str], bytes],
    tables: Sequence[str] | None,
) -> Found:
    """Tells tables of labels from pictures, and gives each picture its class and split."""
    found = Found(path, kind, [], _nothing, "", rejected)
    base = os.path.commonpath(names) if len(names) > 1 else ""
    at_top = [name for name in names if name.lower().endswith(TABLES) and name.rpartition("/")[0] in ("", base)]
    used = set(tables if tables is not None else at_top)
    found.entries = arranged([name for name in names if name not in used])
    for table in sorted(used):
        try:
            add_labels(found, table, read(table))
        except DataError as error:
            found.rejected.append(Rejected(table, str(error)))
    return found


def _nothing(_start: int) -> Iterator[Content]:
    return iter(())


def arranged(names: Sequence[str]) -> list[Entry]:
    """Returns an entry for each name, with the class and the split that the folders in it tell.

    Folders that all pictures share are ignored. A folder `train` beside a folder `test` (or `val`) makes the split, and the
    first folder below it is the class.
    """
    parts = [PurePosixPath(name).parts for name in names]
    depth = _shared(parts)
    first = {each[depth].lower() for each in parts if len(each) > depth + 1}
    splits = _splits(first)
    entries = []
    for name, each in zip(names, parts, strict=True):
        rest = each[depth:]
        split = splits.get(rest[0].lower(), "") if len(rest) > 1 else ""
        rest = rest[1:] if split else rest
        entries.append(Entry(name, rest[0] if len(rest) > 1 else "", split))
    return entries


def _shared(parts: Sequence[tuple[str, ...]]) -> int:
    """Returns how many of the outer folders all pictures have in common."""
    depth = 0
    while parts and all(len(each) > depth + 1 and each[depth] == parts[0][depth] for each in parts):
        depth += 1
    return depth


def _splits(folders: set[str]) -> dict[str, Split]:
    """Returns the split for each folder that names one; empty unless there are both. Validation trains beside a test."""
    test = folders & set(HELD_OUT) or folders & set(VALIDATION)
    train = (folders & {*TRAINING, *VALIDATION}) - test
    if not test or not train & set(TRAINING):
        return {}
    return {**dict.fromkeys(train, "train"), **dict.fromkeys(test, "test")}


def is_archive(path: Path) -> bool:
    """Returns whether a file is a zip of other files, not of arrays."""
    if path.suffix.lower() == ".npz" or not is_zip(path):
        return False
    try:
        with open_zip(path) as archive:
            names = archive.namelist()
    except DataError:
        return True  # the error is reported when it is opened
    return not names or not all(name.endswith(".npy") for name in names)
