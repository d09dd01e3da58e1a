"""Opens a folder or file of pictures with the reader that fits it."""

from __future__ import annotations

import os
from pathlib import Path

from vae_core.data.own import array_files, folders, tables
from vae_core.data.own.found import Entry, Found, fingerprint
from vae_core.data.own.label_files import named_files
from vae_core.data.picture_files import read_file
from vae_core.errors import DataError, DatasetMissing

KINDS = "a folder or a zip of pictures, an npy, npz, IDX or parquet file, or a CSV"


def find_pictures(path: Path) -> Found:
    """Finds the pictures in a folder or file without opening any of them.

    Raises:
        DatasetMissing: there is no such folder or file.
        DataError: it cannot be read, or holds no pictures.
    """
    if os.path.isdir(path):  # noqa: PTH112  (Path.is_dir raises if a name is too long)
        found = _of_folder(path)
    elif os.path.isfile(path):  # noqa: PTH113
        try:
            found = _of_file(path)
        except OSError as error:
            raise DataError(
                f"{path.name!r} cannot be read ({error.strerror or error}); check its permissions."
            ) from error
    else:
        raise DatasetMissing(f"There is no file or folder {str(path)[:200]!r}; give {KINDS}.")
    if not found.entries:
        raise DataError(f"There are no pictures in {str(path)[:200]!r}; give {KINDS}.")
    return found


def _of_folder(folder: Path) -> Found:
    names, rejected = folders.list_files(folder)
    if parquet := [folder / name for name in names if name.lower().endswith(".parquet")]:
        return tables.open_parquet(parquet, folder)
    idx = [folder / name for name in names if array_files.IDX_NAME.search(name)]
    if unique := {path.name.lower().removesuffix(".gz"): path for path in reversed(idx)}:  # unpacked ones go first
        return array_files.open_idx(sorted(unique.values()), folder)
    arrays = [folder / name for name in names if name.lower().endswith((".npy", ".npz"))]
    if arrays and len(arrays) == len(names):
        if len(arrays) > 1:
            raise DataError(f"{str(folder)[:200]!r} holds {len(arrays):,} files of arrays; give one of them.")
        return _of_file(arrays[0])
    return folders.open_folder(folder, names, rejected)


def _of_file(path: Path) -> Found:
    ending = path.suffix.lower()
    with path.open("rb") as stream:
        start = stream.read(6)
    if start == b"\x93NUMPY":
        return array_files.open_npy(path)
    if start.startswith(b"PAR1"):
        return tables.open_parquet([path], path)
    if folders.is_archive(path):
        return folders.open_archive(path)
    if ending == ".npz" or start.startswith(b"PK\x03\x04"):
        return array_files.open_npz(path)
    if array_files.is_idx(path):
        return array_files.open_idx([path], path)
    if ending in (".npy", ".parquet"):
        raise DataError(f"{path.name!r} is damaged or no {ending} file; save it again.")
    if ending in (".csv", ".tsv", ".txt"):
        return _of_csv(path)
    return _single(path)


def _of_csv(path: Path) -> Found:
    if tables.is_pixel_csv(path):
        return tables.open_pixel_csv(path)
    names = [name for name in folders.list_files(path.parent)[0] if name != path.name]
    listed = named_files(read_file(path), names)
    found = folders.open_folder(path.parent, [*sorted(listed), path.name], [], [path.name])
    found.path, found.kind = path, "CSV of file names and labels"
    return found


def _single(path: Path) -> Found:
    return Found(path, "picture", [Entry(path.name)], lambda start: iter([path][start:]), fingerprint([path]))
