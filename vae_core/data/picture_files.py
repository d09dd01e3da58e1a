"""Finds a user's pictures in a file, a folder with its subfolders, or a zip, without opening any of them.

Names and contents are not trusted. Members of a zip are read one by one under size limits and never extracted to disk, and
`PictureSet.targets` gives every picture a unique and harmless path.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vae_core.errors import ConfigError, DataError

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
ZIP_START = b"PK\x03\x04"
MAX_FILES = 100_000
MAX_BYTES = 200_000_000
"""Limit for one picture; 25 million pixels of 16 bits in three colours are 150 million bytes."""
TOO_LARGE = "It has more than {:,} million bytes; make it smaller."
MAX_TOTAL = 20_000_000_000
"""Limit for the unpacked size of a zip."""
MAX_PART, MAX_DEPTH = 120, 16
"""Limits for paths created here: bytes per part, and parts, so that every file system accepts them with an extension."""
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
"""Names that Windows reserves for devices."""


@dataclass(frozen=True)
class Picture:
    """A picture of a `PictureSet`.

    Attributes:
        name: its path in the folder or zip, with forward slashes; untrusted, so never to be used as a path.
        read: returns its content; raises DataError if it cannot be read or is too large.
    """

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class PictureSet:
    """The pictures found in a file, folder or zip.

    Attributes:
        pictures: sorted by name.
        ignored: names of the files without a picture's extension.
        unreadable: folders that cannot be read, and why.
        sources: the files on disk that contain the pictures.
    """

    pictures: list[Picture] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    sources: set[Path] = field(default_factory=set)

    def add(self, name: str, read: Callable[[], bytes], source: Path) -> None:
        """Adds a file to the pictures or to the ignored files, depending on its extension."""
        if len(self.pictures) + len(self.ignored) >= MAX_FILES:
            raise DataError(f"There are more than {MAX_FILES:,} files in it; choose a part of it.")
        if name.lower().endswith(ENDINGS):
            self.pictures.append(Picture(name, read))
            self.sources.add(source.resolve())
        else:
            self.ignored.append(name)

    def targets(self, ending: str = ".png") -> list[str]:
        """Returns a relative path for the result of each picture; all are different, even if case is ignored.

        Subfolders are kept. Whatever a file system might not accept, or would lead out of the folder, is replaced by
        underscores.
        """
        taken: Counter[str] = Counter()
        return [_free(_harmless(picture.name), ending, taken) for picture in self.pictures]


@contextlib.contextmanager
def open_pictures(source: Path, *, leave_out: Path | None = None) -> Iterator[PictureSet]:
    """Finds the pictures in a file, a folder or a zip; they can be read inside the context.

    Hidden files and folders are skipped and links to folders are not followed. A single file is used whatever its
    extension.

    Args:
        source: the file, folder or zip.
        leave_out: a folder below `source` to skip, such as the one for the results.

    Raises:
        ConfigError: there is no such file or folder.
        DataError: it cannot be read, is a damaged zip, or contains no picture or too many files.
    """
    picture_set, shown = PictureSet(), str(source)[:200]
    with contextlib.ExitStack() as stack:
        # os.path: the methods of Path raise if a name is too long
        if os.path.isdir(source):  # noqa: PTH112
            _search_folder(source, leave_out, picture_set)
        elif not os.path.isfile(source):  # noqa: PTH113
            raise ConfigError(f"There is no file or folder {shown!r}; give a picture, a folder of pictures or a zip.")
        elif is_zip(source):
            _search_zip(stack.enter_context(open_zip(source)), source, picture_set)
        else:
            picture_set.pictures.append(Picture(source.name, _disk_reader(source)))
            picture_set.sources.add(source.resolve())
        if not picture_set.pictures and not picture_set.unreadable:
            raise DataError(f"There is no picture in {shown!r}; put PNG, JPEG, GIF, WebP, BMP or TIFF files there.")
        picture_set.pictures.sort(key=lambda picture: picture.name)
        yield picture_set


def is_zip(path: Path) -> bool:
    """Returns whether a file is called or starts like a zip."""
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(len(ZIP_START)) == ZIP_START
    except OSError:
        return False  # the error is reported when it is read


def _search_folder(folder: Path, leave_out: Path | None, picture_set: PictureSet) -> None:
    skipped = None if leave_out is None else leave_out.resolve()

    def note(error: OSError) -> None:
        where = Path(os.fsdecode(error.filename))
        if where == folder:
            raise DataError(
                f"The folder {str(folder)[:200]!r} cannot be read ({error.strerror}); check its permissions."
            ) from error
        picture_set.unreadable[where.relative_to(folder).as_posix()] = f"The folder cannot be read ({error.strerror})."

    for place, folders, names in os.walk(folder, onerror=note):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not is_hidden(name) and (here / name).resolve() != skipped)
        for name in sorted(names):
            if not is_hidden(name):
                path = here / name
                picture_set.add(path.relative_to(folder).as_posix(), _disk_reader(path), path)


def open_zip(path: Path) -> zipfile.ZipFile:
    """Opens a zip; raises DataError if it is damaged or not a zip."""
    try:
        return zipfile.ZipFile(path)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name!r} is damaged or not a zip; create it again.") from error


def _search_zip(archive: zipfile.ZipFile, path: Path, picture_set: PictureSet) -> None:
    budget = _Budget()
    for member in archive.infolist():
        if not member.is_dir() and not any(is_hidden(part) for part in PurePosixPath(member.filename).parts):
            picture_set.add(member.filename, _member_reader(archive, member, budget), path)


@dataclass
class _Budget:
    """How many bytes may still be unpacked, because a small zip can expand without limit."""

    left: int = MAX_TOTAL


def _member_reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget) -> Callable[[], bytes]:
    def read() -> bytes:
        most = min(MAX_BYTES, budget.left)
        content = read_member(archive, member, most)
        budget.left -= len(content)
        return _checked(content, most)

    return read


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """Returns the content of a zip's member, or its first `most` + 1 bytes if it is larger.

    Raises:
        DataError: it is encrypted or damaged.
    """
    if member.flag_bits & 1:
        raise DataError("It is encrypted; unpack the zip and give the folder.")
    try:
        with archive.open(member, mode="r") as stream:
            return stream.read(most + 1)
    except (OSError, ValueError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError("It is damaged in the zip, or compressed by an unknown method.") from error


def _disk_reader(path: Path) -> Callable[[], bytes]:
    return lambda: read_file(path)


def read_file(path: Path) -> bytes:
    """Returns the content of a file.

    Raises:
        DataError: it cannot be read, is larger than `MAX_BYTES`, or is not a regular file.
    """
    check_file(path)
    try:
        with path.open("rb") as stream:
            return _checked(stream.read(MAX_BYTES + 1), MAX_BYTES)
    except OSError as error:
        raise DataError(f"It cannot be read ({error.strerror or error}).") from error


def check_file(path: Path) -> int:
    """Returns the size of a file in bytes.

    Raises:
        DataError: it is not there, larger than `MAX_BYTES`, or not a regular file: reading a pipe could block for ever.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"It cannot be read ({error.strerror or error}).") from error
    if not stat.S_ISREG(status.st_mode):
        raise DataError("It is not a regular file.")
    if status.st_size > MAX_BYTES:
        raise DataError(TOO_LARGE.format(MAX_BYTES // 1_000_000))
    return status.st_size


def _checked(content: bytes, most: int) -> bytes:
    if len(content) > most:
        if most == MAX_BYTES:
            raise DataError(TOO_LARGE.format(MAX_BYTES // 1_000_000))
        raise DataError(
            f"Up to here the zip unpacks to more than {MAX_TOTAL // 1_000_000:,} million bytes; make it smaller."
        )
    return content


def is_hidden(part: str) -> bool:
    """Returns whether a file or folder of this name is skipped."""
    return (part.startswith(".") and part not in (".", "..")) or part == "__MACOSX"


def _harmless(name: str) -> PurePosixPath:
    """Returns a relative path that any file system accepts and that stays in its folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    *folders, last = [_harmless_part(part) for part in parts[-MAX_DEPTH:] or ["_"]]
    return PurePosixPath(*(f"{part}_" if part.lower().endswith(ENDINGS) else part for part in folders), last)


def _harmless_part(part: str) -> str:
    printable = "".join(char if char.isprintable() and char not in '<>:"|?*' else "_" for char in part)
    stem, dot, ending = printable.rpartition(".")
    stem, ending = (stem, f".{ending}") if dot and len(ending) < MAX_PART // 4 else (printable, "")
    stem = stem.encode()[: MAX_PART - len(ending.encode())].decode(errors="ignore").strip(" .") or "_"
    return f"{'_' if stem.lower() in RESERVED else ''}{stem}{ending}".rstrip(" .")


def _free(path: PurePosixPath, ending: str, taken: Counter[str]) -> str:
    """Returns the first free name, for a.jpg one of a.png, a.jpg.png, a.jpg-2.png, ..."""
    for name in (f"{path.with_suffix('')}{ending}", f"{path}{ending}"):
        if not taken[name.lower()]:
            taken[name.lower()] = 1
            return name
    first = name.lower()
    while taken[name.lower()]:
        taken[first] += 1  # so that counting does not start over for each of many files of the same name
        name = f"{path}-{taken[first]}{ending}"
    taken[name.lower()] = 1
    return name
