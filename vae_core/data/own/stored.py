"""Imported datasets on the disk: found by name or by the path they came from, listed, renamed, deleted.

<data folder>/own/<name>/manifest.json       what it is, and the SHA-256 of its content
                         import.json         what was rejected, and which pictures are copies of others
                         names.json          the file name of each picture
                         {train,test}_{images,labels}.npy
"""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae_core.data import array_cache
from vae_core.data.own.import_settings import ImportSettings
from vae_core.data.source import PARTS, Content, Source
from vae_core.errors import CheckpointError, DataError, DatasetMissing, DiskError, LatentLabError, NameInvalid
from vae_core.storage import files
from vae_core.storage.documents import REMOVE, Count, Document, Finite, Text, plain, read_document
from vae_core.storage.file_cache import FileCache
from vae_core.types import Array, Report

FOLDER, MANIFEST, DETAILS, NAMES = "own", "manifest.json", "import.json", "names.json"
SCHEMA = 1
MAX_NAME = 60
_MANIFESTS: FileCache[Manifest] = FileCache(1_000)


class Stamp(Document):
    """The size in bytes and the modification time, in ns since 1970, of a file whose content is known."""

    bytes: Count
    modified: int


class Summary(Document):
    """What settings are chosen by.

    Attributes:
        train, test: numbers of pictures.
        shape: (channels, height, width).
        classes: number of classes.
        extreme: share of pixels within a tenth of black or white, 0 to 1, of up to 1,000 pictures.
    """

    train: Count
    test: Count
    shape: tuple[Count, Count, Count]
    classes: Count
    extreme: Finite


class Manifest(Document):
    """What an imported dataset is.

    Attributes:
        name: at the time of the import; the folder's name counts.
        former_names: under which runs may know it.
        path, kind: where its pictures came from.
        fingerprint: of the files there (`found.fingerprint`).
        settings: of the import, with the size that was used.
        asked: the settings as they were asked for, which may leave the size open.
        summary: numbers, shape, classes, tones.
        classes: names of the labels.
        digest: SHA-256 of the four arrays (`array_cache.digest`).
        stamps: of the arrays' files.
        rejected, copies: numbers of pictures.
        created: seconds since 1970.
    """

    name: Text
    former_names: tuple[Text, ...] = ()
    path: Text
    kind: Text
    fingerprint: Text
    settings: ImportSettings
    asked: ImportSettings
    summary: Summary
    classes: tuple[Text, ...]
    digest: Text
    stamps: dict[Text, Stamp]
    rejected: Count
    copies: Count
    created: Finite


@dataclass(frozen=True, kw_only=True)
class OwnSource(Source):
    """A dataset of a user's own pictures, memory-mapped.

    Attributes:
        folder: where it is stored.
        manifest: what it is.
    """

    folder: Path
    manifest: Manifest

    def read(self, data_folder: Path, report: Report) -> Content:
        """Memory-maps the arrays. Their SHA-256 is checked if a file is not as it was left by the import."""
        damaged = DataError(f"The dataset {self.name!r} is damaged; delete it and import the pictures again.")
        try:
            arrays: dict[str, Array] = {
                part: np.load(self.folder / f"{part}.npy", mmap_mode="c", allow_pickle=False) for part in PARTS
            }
        except (OSError, ValueError, EOFError) as error:
            raise damaged from error
        if stamps(self.folder) != self.manifest.stamps:
            report(f"checking {self.name}", 0.0)
            if array_cache.digest(arrays) != self.digest:
                raise damaged
        return Content(arrays, self.classes, self.digest)


def own_folder(data_folder: Path) -> Path:
    """Returns the folder of the imported datasets, which may not exist yet."""
    return data_folder / FOLDER


def sources(data_folder: Path) -> list[OwnSource]:
    """Returns the imported datasets, by name; damaged ones are left out (`problems`)."""
    return _listed(data_folder)[0]


def problems(data_folder: Path) -> list[str]:
    """Returns a sentence for each imported dataset that cannot be read."""
    return _listed(data_folder)[1]


def _listed(data_folder: Path) -> tuple[list[OwnSource], list[str]]:
    found, wrong = [], []
    try:
        names = files.folder_names(own_folder(data_folder))
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except DiskError as error:
        return [], [str(error)]
    for name in sorted(names, key=str.casefold):
        if not name.startswith("."):
            try:
                found.append(_source(own_folder(data_folder) / name))
            except FileNotFoundError:
                wrong.append(
                    f"{name}: there is no {MANIFEST} in {str(own_folder(data_folder) / name)!r}; remove the folder."
                )
            except LatentLabError as error:
                wrong.append(f"{name}: {error}")
    return found, wrong


def find_source(name: str, data_folder: Path) -> OwnSource | None:
    """Returns the dataset of that name, former name, or path of origin, in this order; None if there is none."""
    if not name or "\0" in name or not files.is_folder(own_folder(data_folder)) or len(os.fsencode(name)) > 4_096:
        return None
    found = sources(data_folder)
    for source in found:
        if source.name == name:
            return source
    for source in found:
        if name in source.manifest.former_names:
            return source
    if not os.path.lexists(name):
        return None
    place = os.path.realpath(name)
    came = [source for source in found if source.manifest.path == place]
    return max(came, key=lambda source: source.manifest.created, default=None)


def _source(folder: Path) -> OwnSource:
    path = folder / MANIFEST
    manifest = _MANIFESTS.get(path, lambda: read_document(path, Manifest, SCHEMA, REMOVE))
    return OwnSource(
        name=folder.name,
        title=f"Your own pictures from {Path(manifest.path).name}",
        origin=f"your own pictures, from {manifest.path}",
        licence="that of the pictures",
        shape=manifest.summary.shape,
        train=manifest.summary.train,
        test=manifest.summary.test,
        classes=manifest.classes,
        digest=manifest.digest,
        folder=folder,
        manifest=manifest,
    )


def stamps(folder: Path) -> dict[str, Stamp]:
    """Returns the stamps of the arrays' files."""
    found = {}
    for part in PARTS:
        status = (folder / f"{part}.npy").stat()
        found[part] = Stamp(bytes=status.st_size, modified=status.st_mtime_ns)
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest into the dataset's folder."""
    files.write_json(folder / MANIFEST, {"schema": SCHEMA, **plain(manifest)})


def check_name(name: str) -> str:
    """Returns a name for a dataset, without spaces around it.

    Raises:
        NameInvalid: it is empty or too long, or has other characters than letters, digits, spaces, '.', '_' and '-'.
    """
    clean = unicodedata.normalize("NFC", name).strip()
    fits = (
        clean and len(clean) <= MAX_NAME and clean[0].isalnum() and all(one.isalnum() or one in " ._-" for one in clean)
    )
    if not fits or clean.endswith(".") or clean.lower().endswith((".zip", ".npz")):
        raise NameInvalid(
            f"A dataset's name has 1 to {MAX_NAME} letters, digits, spaces, '.', '_' and '-', and starts with a letter or "
            f"digit; {name[:MAX_NAME]!r} has not."
        )
    return clean


def check_free(name: str, data_folder: Path) -> None:
    """Checks that no imported dataset has this name, whatever its case, or had it before.

    Raises:
        NameInvalid: one has.
    """
    for source in sources(data_folder):
        if source.name.casefold() == name.casefold():
            raise NameInvalid(
                f"There is a dataset called {source.name!r} already; choose another name, or delete it first."
            )
        if name in source.manifest.former_names:
            raise NameInvalid(
                f"{name!r} is a former name of {source.name!r}, under which runs may know it; choose another name."
            )
    if os.path.lexists(own_folder(data_folder) / name):
        raise NameInvalid(
            f"There is a folder {name!r} in {str(own_folder(data_folder))!r} already; choose another name."
        )


@contextlib.contextmanager
def locked(data_folder: Path) -> Iterator[None]:
    """Holds the lock of the folder of imported datasets, for as long as names are checked and taken."""
    files.make_folder(own_folder(data_folder))
    with files.lock(own_folder(data_folder) / ".lock"):
        yield


def change_name(name: str, new_name: str, data_folder: Path) -> OwnSource:
    """Renames a dataset; its runs still find it under its old name.

    Raises:
        DatasetMissing: there is no such dataset.
        NameInvalid: the new name is invalid or taken.
        DiskError: the folder cannot be changed.
    """
    source, new_name = existing(name, data_folder), check_name(new_name)
    with locked(data_folder):
        if new_name == source.name:
            return source
        if new_name not in source.manifest.former_names and new_name.casefold() != source.name.casefold():
            check_free(new_name, data_folder)
        former = tuple(old for old in (*source.manifest.former_names, source.name) if old != new_name)
        write_manifest(source.folder, source.manifest.model_copy(update={"former_names": former}))
        files.move(source.folder, source.folder.with_name(new_name))
    return _source(source.folder.with_name(new_name))


def delete(name: str, data_folder: Path) -> int:
    """Deletes a dataset for good and returns the number of bytes freed.

    Raises:
        DatasetMissing: there is no such dataset.
        DiskError: it cannot be removed.
    """
    source = existing(name, data_folder)
    with locked(data_folder):
        freed = files.size_of(source.folder)
        removing = source.folder.with_name(f".removing-{source.folder.name}")
        files.remove_tree(removing)
        files.move(source.folder, removing)  # so that it is never seen in part
        files.remove_tree(removing)
    return freed


def existing(name: str, data_folder: Path) -> OwnSource:
    """Returns the imported dataset of that name.

    Raises:
        DatasetMissing: there is none; the message lists those that there are.
    """
    source = find_source(name, data_folder)
    if source is None:
        known = ", ".join(source.name for source in sources(data_folder)) or "there are none yet"
        raise DatasetMissing(f"There is no imported dataset called {name[:60]!r}; those that are: {known}.")
    return source


def read_details(source: OwnSource) -> dict[str, object]:
    """Returns what is kept of the import: `rejected` and `copies`, and how many modes, sizes and notes there were."""
    try:
        return files.read_json(source.folder / DETAILS)
    except (OSError, CheckpointError, DiskError) as error:
        raise DataError(f"The record of the import of {source.name!r} is missing or damaged.") from error


def file_names(source: OwnSource) -> dict[str, list[str]]:
    """Returns the name of the file of each picture, under "train" and "test", in the order of the arrays."""
    try:
        document = files.read_json(source.folder / NAMES)
        return {split: [str(name) for name in document[split]] for split in ("train", "test")}
    except (OSError, CheckpointError, DiskError, KeyError, TypeError) as error:
        raise DataError(
            f"The file names of {source.name!r} are missing or damaged; import the pictures again."
        ) from error
