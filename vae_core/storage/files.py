"""The only door to the disk: whole writes, appends, hashes and locks.

Every system call that changes the disk goes through `system`, so that a test can make the n-th of them fail. A failing
disk raises `DiskError` with one sentence; what stood there before stays whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from vae_core.errors import CheckpointCorrupt, DiskError

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class SystemCalls:
    """The calls that change the disk, as `os` has them."""

    open = staticmethod(os.open)
    write = staticmethod(os.write)
    fsync = staticmethod(os.fsync)
    close = staticmethod(os.close)
    replace = staticmethod(os.replace)
    unlink = staticmethod(os.unlink)
    mkdir = staticmethod(os.mkdir)
    truncate = staticmethod(os.truncate)


system = SystemCalls()


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns an `OSError` of a write into a `DiskError` that says what to do."""
    try:
        yield
    except filelock.Timeout:  # an OSError by birth, and no fault of the disk
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            text = f"The disk is full: {path.name!r} was not saved; free some space and resume the run."
        elif error.errno in READ_ONLY:
            text = f"The folder {str(path.parent)!r} is read-only; allow writing to it or choose another one."
        elif error.errno == errno.EEXIST:
            text = f"{str(path)!r} is there already; choose another name."
        else:
            text = f"{path.name!r} could not be written ({error.strerror or error}); look after the disk and try again."
        raise DiskError(text) from error


def make_folder(path: Path, *, must_be_new: bool = False) -> None:
    """Makes a folder and those above it.

    Raises:
        DiskError: it cannot be made, something else has its name, or it stands there already and `must_be_new`.
    """
    if os.path.isdir(path) and not must_be_new:  # noqa: PTH112  (Path.is_dir raises for names that are too long)
        return
    if not os.path.isdir(path.parent):  # noqa: PTH112
        make_folder(path.parent)
    with _explained(path):
        try:
            system.mkdir(path, 0o777)
        except FileExistsError:
            if must_be_new:
                raise
            if not is_folder(path):
                raise DiskError(f"{str(path)!r} is there already and is not a folder; choose another one.") from None


def write_atomic(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replaces a file whole: a temporary sibling, flushed, renamed over it. The mode follows the umask.

    Args:
        path: the file; its folder exists.
        content: all of it.
        durable: also wait until the disk has it (fsync of the file and of its folder).

    Raises:
        DiskError: nothing was changed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    with _explained(path):
        try:
            _write_new(temporary, content, durable)
            system.replace(temporary, path)
        except OSError:
            # the first error is the one to tell; a left-over is swept at the next start
            with contextlib.suppress(OSError):
                system.unlink(temporary)
            raise
        if durable:
            _sync_folder(path.parent)


def _write_new(path: Path, content: bytes, durable: bool) -> None:
    descriptor = system.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        _write_all(descriptor, content)
        if durable:
            system.fsync(descriptor)
    finally:
        system.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[system.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no descriptor of a folder
        return
    descriptor = system.open(folder, os.O_RDONLY, 0)
    try:
        system.fsync(descriptor)
    finally:
        system.close(descriptor)


class Appender:
    """An open file that only grows; one writer. Also cuts the file back, and tells its length in bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _explained(path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._descriptor = system.open(path, flags, 0o666)

    @property
    def length(self) -> int:
        return os.fstat(self._descriptor).st_size

    def append(self, content: bytes) -> None:
        with _explained(self.path):
            _write_all(self._descriptor, content)

    def sync(self) -> None:
        with _explained(self.path):
            system.fsync(self._descriptor)

    def cut(self, length: int) -> None:
        """Drops what stands behind the first `length` bytes."""
        with _explained(self.path):
            system.truncate(self._descriptor, length)

    def close(self) -> None:
        with _explained(self.path):
            system.close(self._descriptor)


def log_descriptor(path: Path) -> int:
    """A descriptor that appends to a log, to be given to a child process and closed by the caller."""
    with _explained(path):
        return system.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)


def touch(path: Path) -> None:
    """Sets a file's time to now, making it where it is missing."""
    with _explained(path):
        try:
            os.utime(path)
        except FileNotFoundError:
            _write_new(path, b"", durable=False)


def remove(path: Path) -> None:
    """Removes a file; one that is not there is fine."""
    with _explained(path), contextlib.suppress(FileNotFoundError):
        system.unlink(path)


def remove_tree(path: Path) -> None:
    """Removes a folder with all that is in it; one that is not there is fine."""
    with _explained(path), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def move(source: Path, target: Path) -> None:
    """Renames over the target, on the same disk."""
    with _explained(target):
        system.replace(source, target)


def sweep_temporaries(folder: Path) -> int:
    """Removes what a killed writer left behind, and says how many; only for the holder of the folder's lock."""
    left = list(folder.glob(".*.tmp"))
    for path in left:
        remove(path)
    return len(left)


@contextlib.contextmanager
def temporary_folder(beside: Path) -> Iterator[Path]:
    """A new folder next to `beside` (so on the same disk), removed at the end."""
    with _explained(beside):
        folder = Path(tempfile.mkdtemp(prefix=".partial-", dir=beside.parent))
    try:
        yield folder
    finally:
        remove_tree(folder)


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns an `OSError` of a read into a `DiskError`, unless the file or folder is simply not there.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        DiskError: it is there and cannot be read.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskError(f"{str(path)!r} cannot be read ({reason}); check its permissions and the disk.") from error


def read_bytes(path: Path) -> bytes:
    """The whole file.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        DiskError: it is there and cannot be read, or is no ordinary file: reading a pipe could wait for ever.
    """
    with readable(path):
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise OSError(errno.EINVAL, "Not an ordinary file", str(path))
        return path.read_bytes()


def is_there(path: Path) -> bool:
    """Whether something is there; False if that cannot be found out, where `Path.exists` may raise."""
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: Path) -> bool:
    """Whether a folder is there; False if that cannot be found out, where `Path.is_dir` may raise."""
    return os.path.isdir(path)  # noqa: PTH112


def same_place(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same place, links followed; unlike `Path.resolve`, loops of links do not raise."""
    return os.path.realpath(one) == os.path.realpath(other)


def folder_names(folder: Path) -> list[str]:
    """The names in a folder that are folders; so are those that cannot be looked at, so that a reader can say why.

    Among these are links to nowhere, loops of links, and what the file system fails to describe.

    Raises:
        FileNotFoundError: the folder is not there.
        DiskError: it cannot be listed.
    """
    with _listed(folder) as entries:
        return [entry.name for entry in entries if _may_be_folder(entry)]


def check_listable(folder: Path) -> None:
    """Raises as `folder_names` does, at a cost that does not grow with what is in the folder."""
    with _listed(folder):
        pass


@contextlib.contextmanager
def _listed(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    try:
        with os.scandir(folder) as entries:
            yield entries
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskError(
            f"The folder {str(folder)!r} cannot be read ({reason}); check its permissions or choose another one."
        ) from error


def _may_be_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() or (entry.is_symlink() and not is_there(Path(entry.path)))
    except OSError:
        return True


def size_of(folder: Path) -> int:
    """Bytes of all the files in a folder, at any depth; links and what cannot be read count as nothing."""
    total, waiting = 0, [] if folder.is_symlink() else [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    total += entry.stat(follow_symlinks=False).st_size
    return total


def digest(content: bytes | memoryview) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def finite(value: Any) -> Any:
    """The same document with NaN and infinity as None, since strict JSON has no word for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def json_bytes(document: Any, *, indent: int | None = None) -> bytes:
    """Strict JSON in UTF-8 with a line's end."""
    text = json.dumps(finite(document), allow_nan=False, ensure_ascii=False, indent=indent)
    return text.encode(errors="backslashreplace") + b"\n"  # a lone surrogate becomes its JSON escape


def write_json(path: Path, document: Any, *, durable: bool = True) -> None:
    """Replaces a JSON file whole, as `write_atomic` does."""
    write_atomic(path, json_bytes(document, indent=2), durable=durable)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        CheckpointCorrupt: it is no JSON object.
        DiskError: it is there and cannot be read.
    """
    content = read_bytes(path)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt(f"{path.name} is damaged: it is no JSON; restore the folder from a copy.") from error
    if not isinstance(document, dict):
        raise CheckpointCorrupt(f"{path.name} is damaged: it holds no object; restore the folder from a copy.")
    return document


@contextlib.contextmanager
def lock(path: Path, timeout: float = -1) -> Iterator[None]:
    """A lock between processes that the system frees when its holder dies; to be used with `with`.

    Args:
        path: the lock's file, made where it is missing.
        timeout: seconds to wait; -1 waits for ever.

    Raises:
        filelock.Timeout: another one held it all that time.
        DiskError: its folder is read-only, or is not there.
    """
    held = filelock.FileLock(path, timeout=timeout, thread_local=False)
    with _explained(path):
        held.acquire()
    try:
        yield
    finally:
        held.release()


def is_locked(path: Path) -> bool:
    """Whether another process (or this one) holds the lock at this moment."""
    if not is_there(path):
        return False
    try:
        with lock(path, timeout=0):
            return False
    except filelock.Timeout:
        return True
    except DiskError:  # a read-only folder: nobody can be writing to it
        return False
