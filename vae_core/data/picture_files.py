"""Pictures from elsewhere: one file, a folder with its subfolders, or a zip, found without opening any of them.

Names and contents are not trusted. Members of a zip are read one by one under caps and never unpacked to the disk, and
`Found.targets` gives every picture a harmless path of its own.
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
"""Of one picture; 25 million pixels with 16 bits in three colours are 150 million bytes."""
MAX_TOTAL = 20_000_000_000
"""Unpacked bytes of one zip."""
MAX_PART, MAX_DEPTH = 120, 16
"""Bytes of a part of a path that is made here, and its parts, so that any file system takes it with an ending."""
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
"""Windows keeps these names for devices."""


@dataclass(frozen=True)
class Picture:
    """A picture that was found.

    Attributes:
        name: its path below the folder or in the zip, with forward slashes; as it was found, and not to be used as a path.
        read: its content.

            Raises:
                DataError: it cannot be read, or is too large.
    """

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Found:
    """What there is to restore.

    Attributes:
        pictures: sorted by name.
        ignored: names of the other files, which do not end as pictures do.
        unreadable: folders that may not be looked into, and why.
        sources: the files on the disk that hold the pictures.
    """

    pictures: list[Picture] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    sources: set[Path] = field(default_factory=set)

    def add(self, name: str, read: Callable[[], bytes], source: Path) -> None:
        """Puts a file where it belongs by its name's ending."""
        if len(self.pictures) + len(self.ignored) >= MAX_FILES:
            raise DataError(f"There are more than {MAX_FILES:,} files in it; name a part of it.")
        if name.lower().endswith(ENDINGS):
            self.pictures.append(Picture(name, read))
            self.sources.add(source.resolve())
        else:
            self.ignored.append(name)

    def targets(self, ending: str = ".png") -> list[str]:
        """A relative path for what is made of each picture, all different also where case does not count.

        The subfolders stay. What a file system may not take, or what leads out of a folder, becomes underscores.
        """
        taken: Counter[str] = Counter()
        return [_free(_harmless(picture.name), ending, taken) for picture in self.pictures]


@contextlib.contextmanager
def open_pictures(source: Path, *, leave_out: Path | None = None) -> Iterator[Found]:
    """Finds the pictures of a file, a folder or a zip; they can be read inside the context.

    Hidden files and folders are passed over, links to folders are not followed, and a single file is taken whatever its
    name ends in.

    Args:
        source: the file, folder or zip.
        leave_out: a folder below `source` to pass over, such as the one that results go to.

    Raises:
        ConfigError: there is no such file or folder.
        DataError: it cannot be read, is no whole zip, or holds no picture or too many files.
    """
    found, shown = Found(), str(source)[:200]
    with contextlib.ExitStack() as stack:
        # os.path, since Path's own look raises for names that are too long
        if os.path.isdir(source):  # noqa: PTH112
            _look_in_folder(source, leave_out, found)
        elif not os.path.isfile(source):  # noqa: PTH113
            raise ConfigError(f"There is no file or folder {shown!r}; name a picture, a folder of pictures or a zip.")
        elif _is_zip(source):
            _look_in_zip(stack.enter_context(_opened(source)), source, found)
        else:
            found.pictures.append(Picture(source.name, _disk_reader(source)))
            found.sources.add(source.resolve())
        if not found.pictures and not found.unreadable:
            raise DataError(f"There is no picture in {shown!r}; put PNG, JPEG, GIF, WebP, BMP or TIFF files there.")
        found.pictures.sort(key=lambda picture: picture.name)
        yield found


def _is_zip(path: Path) -> bool:
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(len(ZIP_START)) == ZIP_START
    except OSError:
        return False  # reading it later says why


def _look_in_folder(folder: Path, leave_out: Path | None, found: Found) -> None:
    skipped = None if leave_out is None else leave_out.resolve()

    def note(error: OSError) -> None:
        where = Path(os.fsdecode(error.filename))
        if where == folder:
            raise DataError(f"The folder {str(folder)[:200]!r} cannot be read ({error.strerror}); allow it.") from error
        found.unreadable[where.relative_to(folder).as_posix()] = f"The folder cannot be read ({error.strerror})."

    for place, folders, names in os.walk(folder, onerror=note):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not _is_hidden(name) and (here / name).resolve() != skipped)
        for name in sorted(names):
            if not _is_hidden(name):
                path = here / name
                found.add(path.relative_to(folder).as_posix(), _disk_reader(path), path)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name!r} is no zip, or a damaged one; make it again.") from error


def _look_in_zip(archive: zipfile.ZipFile, path: Path, found: Found) -> None:
    budget = _Budget()
    for member in archive.infolist():
        if not member.is_dir() and not any(_is_hidden(part) for part in PurePosixPath(member.filename).parts):
            found.add(member.filename, _member_reader(archive, member, budget), path)


@dataclass
class _Budget:
    """How many bytes may still be unpacked: a small zip can claim endless ones."""

    left: int = MAX_TOTAL


def _member_reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget) -> Callable[[], bytes]:
    def read() -> bytes:
        if member.flag_bits & 1:
            raise DataError("It is encrypted; unpack the zip and name the folder.")
        most = min(MAX_BYTES, budget.left)
        try:
            with archive.open(member, mode="r") as stream:
                content = stream.read(most + 1)
        except (OSError, ValueError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
            raise DataError("It is damaged in the zip, or packed in a way that is not known here.") from error
        budget.left -= len(content)
        return _checked(content, most)

    return read


def _disk_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
                raise DataError("It is no ordinary file.")
            with path.open("rb") as stream:
                return _checked(stream.read(MAX_BYTES + 1), MAX_BYTES)
        except OSError as error:
            raise DataError(f"It cannot be read ({error.strerror or error}).") from error

    return read


def _checked(content: bytes, most: int) -> bytes:
    if len(content) > most:
        what = "It has" if most == MAX_BYTES else "With it the zip unpacks to"
        most = MAX_BYTES if most == MAX_BYTES else MAX_TOTAL
        raise DataError(f"{what} more than {most // 1_000_000:,} million bytes; make it smaller.")
    return content


def _is_hidden(part: str) -> bool:
    return (part.startswith(".") and part not in (".", "..")) or part == "__MACOSX"


def _harmless(name: str) -> PurePosixPath:
    """A relative path that any file system takes and that stays in its folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    *folders, last = [_harmless_part(part) for part in parts[-MAX_DEPTH:] or ["_"]]
    return PurePosixPath(*(f"{part}_" if part.lower().endswith(ENDINGS) else part for part in folders), last)


def _harmless_part(part: str) -> str:
    printable = "".join(one if one.isprintable() and one not in '<>:"|?*' else "_" for one in part)
    stem, dot, ending = printable.rpartition(".")
    stem, ending = (stem, f".{ending}") if dot and len(ending) < MAX_PART // 4 else (printable, "")
    stem = stem.encode()[: MAX_PART - len(ending.encode())].decode(errors="ignore").strip(" .") or "_"
    return f"{'_' if stem.lower() in RESERVED else ''}{stem}{ending}".rstrip(" .")


def _free(path: PurePosixPath, ending: str, taken: Counter[str]) -> str:
    """The first of a.png, a.jpg.png, a.jpg-2.png, ... that is not taken, for a.jpg."""
    for name in (f"{path.with_suffix('')}{ending}", f"{path}{ending}"):
        if not taken[name.lower()]:
            taken[name.lower()] = 1
            return name
    first = name.lower()
    while taken[name.lower()]:
        taken[first] += 1  # so that many files of one name are not counted from the start each time
        name = f"{path}-{taken[first]}{ending}"
    taken[name.lower()] = 1
    return name
