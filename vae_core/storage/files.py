"""The only module that writes to disk: atomic writes, appends, hashes and locks.

Every system call that changes the disk goes through `system`, so that a test can make the n-th of them fail. A disk failure
raises `DiskError` with a one-sentence message and leaves the previous file intact.
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
    """The functions of `os` that change the disk."""

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
    """Converts an `OSError` raised while writing into a `DiskError` that says what to do."""
    try:
        yield
    except filelock.Timeout:  # a subclass of OSError, but not a disk failure
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            text = f"The disk is full: {path.name!r} was not saved; free some space and resume the run."
        elif error.errno in READ_ONLY:
            text = f"The folder {str(path.parent)!r} is read-only; allow writing to it or choose another one."
        elif error.errno == errno.EEXIST:
            text = f"{str(path)!r} already exists; choose another name."
        else:
            text = f"{path.name!r} could not be written ({error.strerror or error}); check the disk and try again."
        raise DiskError(text) from error


def make_folder(path: Path, *, must_be_new: bool = False) -> None:
    """Creates a folder and its parents.

    Raises:
        DiskError: it cannot be created, the name is taken by something else, or it exists and `must_be_new` is set.
    """
    if os.path.isdir(path) and not must_be_new:  # noqa: PTH112  (Path.is_dir raises if a name is too long)
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
                raise DiskError(f"{str(path)!r} already exists and is not a folder; choose another one.") from None


def write_atomic(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replaces a file atomically: writes a temporary sibling and renames it over the file. The mode follows the umask.

    Args:
        path: the file; its folder must exist.
        content: the whole content.
        durable: whether to fsync the file and its folder.

    Raises:
        DiskError: the file could not be written; it is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    with _explained(path):
        try:
            _write_new(temporary, content, durable)
            system.replace(temporary, path)
        except OSError:
            # the first error is the one to report; a left-over is removed by `sweep_temporaries`
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
    if os.name == "nt":  # Windows has no file descriptors for folders
        return
    descriptor = system.open(folder, os.O_RDONLY, 0)
    try:
        system.fsync(descriptor)
    finally:
        system.close(descriptor)


class Appender:
    """A file open for appending, by a single writer. Can also be truncated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _explained(path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._descriptor = system.open(path, flags, 0o666)

    @property
    def length(self) -> int:  # in bytes
        return os.fstat(self._descriptor).st_size

    def append(self, content: bytes) -> None:
        with _explained(self.path):
            _write_all(self._descriptor, content)

    def sync(self) -> None:
        with _explained(self.path):
            system.fsync(self._descriptor)

    def cut(self, length: int) -> None:
        """Truncates the file to `length` bytes."""
        with _explained(self.path):
            system.truncate(self._descriptor, length)

    def close(self) -> None:
        with _explained(self.path):
            system.close(self._descriptor)


def log_descriptor(path: Path) -> int:
    """Opens a log for appending and returns its descriptor, for a child process; the caller closes it."""
    with _explained(path):
        return system.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)


def touch(path: Path) -> None:
    """Sets a file's modification time to now, creating the file if it is missing."""
    with _explained(path):
        try:
            os.utime(path)
        except FileNotFoundError:
            _write_new(path, b"", durable=False)


def remove(path: Path) -> None:
    """Removes a file if it exists."""
    with _explained(path), contextlib.suppress(FileNotFoundError):
        system.unlink(path)


def remove_tree(path: Path) -> None:
    """Removes a folder and everything in it, if it exists."""
    with _explained(path), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def move(source: Path, target: Path) -> None:
    """Renames a file or folder, replacing the target; both must be on the same file system."""
    with _explained(target):
        system.replace(source, target)


def sweep_temporaries(folder: Path) -> int:
    """Removes temporary files left by a killed writer and returns their number. The caller must hold the folder's lock."""
    temporaries = list(folder.glob(".*.tmp"))
    for path in temporaries:
        remove(path)
    return len(temporaries)


@contextlib.contextmanager
def temporary_folder(beside: Path) -> Iterator[Path]:
    """Creates a folder next to `beside` (so on the same file system) that is removed at the end."""
    with _explained(beside):
        folder = Path(tempfile.mkdtemp(prefix=".partial-", dir=beside.parent))
    try:
        yield folder
    finally:
        remove_tree(folder)


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Converts an `OSError` raised while reading into a `DiskError`, unless the file or folder does not exist.

    Raises:
        FileNotFoundError, NotADirectoryError: it does not exist.
        DiskError: it exists but cannot be read.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskError(f"{str(path)!r} cannot be read ({reason}); check its permissions and the disk.") from error


def read_bytes(path: Path) -> bytes:
    """Returns the content of a file.

    Raises:
        FileNotFoundError, NotADirectoryError: it does not exist.
        DiskError: it cannot be read, or is not a regular file: reading a pipe could block for ever.
    """
    with readable(path):
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise OSError(errno.EINVAL, "Not an ordinary file", str(path))
        return path.read_bytes()


def is_there(path: Path) -> bool:
    """Returns whether a path exists; False if that cannot be determined, whereas `Path.exists` may raise."""
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: Path) -> bool:
    """Returns whether a path is a folder; False if that cannot be determined, whereas `Path.is_dir` may raise."""
    return os.path.isdir(path)  # noqa: PTH112


def same_place(first: Path, second: Path) -> bool:
    """Returns whether two paths lead to the same place, following links; unlike `Path.resolve`, never raises on loops."""
    return os.path.realpath(first) == os.path.realpath(second)


def folder_names(folder: Path) -> list[str]:
    """Returns the names of a folder's subfolders.

    Includes entries whose kind is unknown, such as broken links, so that opening them reports what is wrong.

    Raises:
        FileNotFoundError: the folder does not exist.
        DiskError: it cannot be listed.
    """
    with _listed(folder) as entries:
        return [entry.name for entry in entries if _may_be_folder(entry)]


def check_listable(folder: Path) -> None:
    """Raises the errors of `folder_names`, at a cost independent of the folder's size."""
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
    """Returns the total size in bytes of all files below a folder, ignoring links and what cannot be read."""
    total, pending = 0, [] if folder.is_symlink() else [str(folder)]
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    total += entry.stat(follow_symlinks=False).st_size
    return total


def digest(content: bytes | memoryview) -> str:
    """Returns the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """Returns the SHA-256 of a file's content in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def finite(value: Any) -> Any:
    """Replaces NaN and infinity in a document by None, because strict JSON cannot represent them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def json_bytes(document: Any, *, indent: int | None = None) -> bytes:
    """Encodes a document as strict JSON in UTF-8, ending with a newline."""
    text = json.dumps(finite(document), allow_nan=False, ensure_ascii=False, indent=indent)
    return text.encode(errors="backslashreplace") + b"\n"  # a lone surrogate becomes its JSON escape


def write_json(path: Path, document: Any, *, durable: bool = True) -> None:
    """Replaces a JSON file atomically, as `write_atomic` does."""
    write_atomic(path, json_bytes(document, indent=2), durable=durable)


def read_json(path: Path) -> dict[str, Any]:
    """Returns the object in a JSON file.

    Raises:
        FileNotFoundError, NotADirectoryError: the file does not exist.
        CheckpointCorrupt: it does not hold a JSON object.
        DiskError: it cannot be read.
    """
    content = read_bytes(path)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt(f"{path.name} is damaged: it is not JSON; restore the folder from a copy.") from error
    if not isinstance(document, dict):
        raise CheckpointCorrupt(f"{path.name} is damaged: it is not a JSON object; restore the folder from a copy.")
    return document


@contextlib.contextmanager
def lock(path: Path, timeout: float = -1) -> Iterator[None]:
    """Holds a lock between processes, which the system releases if its holder dies.

    Args:
        path: the lock file, created if it is missing.
        timeout: seconds to wait; -1 waits for ever.

    Raises:
        filelock.Timeout: another process held it for that long.
        DiskError: its folder is read-only or does not exist.
    """
    file_lock = filelock.FileLock(path, timeout=timeout, thread_local=False)
    with _explained(path):
        file_lock.acquire()
    try:
        yield
    finally:
        file_lock.release()


def is_locked(path: Path) -> bool:
    """Returns whether any process, this one included, holds the lock at the moment."""
    if not is_there(path):
        return False
    try:
        with lock(path, timeout=0):
            return False
    except filelock.Timeout:
        return True
    except DiskError:  # a read-only folder: no process can be writing to it
        return False
