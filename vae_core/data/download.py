"""Downloads the files of a dataset, checked by SHA-256, wherever they are missing, truncated or changed.

`requests` transfers the bytes. pooch was considered and left out: it checks the hash of what is sent, while the one that
counts here is that of the unpacked file (a `.gz` that the user puts there is judged by the same hash); it has no mirrors;
and it cannot be cancelled or limited in time as a whole, since `requests` tries every address of a host in turn. So each
transfer runs on a thread of its own that is watched and, if nothing arrives, abandoned. What arrives stays in memory until
its hash is right: a download that is interrupted or killed leaves nothing behind.
"""

from __future__ import annotations

import gzip
import io
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vae_core.errors import DataError
from vae_core.storage import files
from vae_core.types import Report, no_report

POLL_SECONDS = 0.1
CONNECT_SECONDS = 10.0
"""How long to wait for the first byte: where packets are dropped, a connection would be tried for minutes."""
STALL_SECONDS = 30.0
"""How long to wait for any later byte."""
CHUNK_BYTES = 4096


@dataclass(frozen=True)
class RemoteFile:
    """A file of a dataset.

    Attributes:
        size: in bytes.
        packed: size of the `.gz` in which it is published, in bytes; 0 if it is published as it is.
        sha256: of the file itself, in hexadecimal.
    """

    size: int
    packed: int
    sha256: str

    @property
    def sent(self) -> int:
        """Bytes that a download transfers."""
        return self.packed or self.size


@dataclass(frozen=True)
class Download:
    """The files of a dataset, and where to get them.

    Attributes:
        title: display name.
        subfolder: where the files lie in the data folder, as a relative path with slashes.
        mirrors: addresses that end in a slash and serve the same files; tried in order.
        files: by name.
        sample: name of the bundled dataset that can stand in for this one, or empty.
    """

    title: str
    subfolder: str
    mirrors: tuple[str, ...]
    files: Mapping[str, RemoteFile]
    sample: str = ""

    def folder(self, data_folder: Path) -> Path:
        """Where the files lie."""
        return data_folder / self.subfolder


class _TransferFailedError(Exception):
    """A mirror did not send the file; the message says why in a few words."""


def is_here(download: Download, data_folder: Path) -> bool:
    """Whether all files are there with the right sizes, unpacked or as `.gz`. Cheap, for lists; `ensure` checks hashes."""
    folder = download.folder(data_folder)
    try:
        return all(
            _has_size(folder / name, file.size) or _has_size(_packed(folder / name), file.packed)
            for name, file in download.files.items()
        )
    except OSError:  # a folder without permission; `ensure` says so
        return False


def ensure(download: Download, data_folder: Path, report: Report = no_report) -> Path:
    """Makes sure that all files are there and whole: unpacks a `.gz` that lies beside them, and downloads the rest.

    If several processes call it at once, one does the work and the others wait. Nothing is written if nothing is missing,
    so a read-only data folder will do.

    Args:
        download: what is needed.
        data_folder: the folder of all datasets.
        report: called with what is being done, and the share of it that is done (0 to 1). What it raises ends the download.

    Returns:
        The folder of the files.

    Raises:
        DataError: there is no network, or what was sent is not the dataset; says where to put which files.
        DiskError: the data folder is full or read-only.
    """
    folder = download.folder(data_folder)
    try:
        if _damaged(download, folder):
            files.make_folder(folder)
            with files.lock(folder.parent / ".lock"):
                _repair(download, folder, report)
    except OSError as error:
        raise DataError(
            f"{download.title} in {str(folder)!r} cannot be read or written ({error.strerror or error}); "
            "allow it, or name another data folder."
        ) from error
    return folder


def _damaged(download: Download, folder: Path) -> list[str]:
    """Names of the files that are missing, truncated or changed."""
    return [name for name, file in download.files.items() if not _is_whole(folder / name, file)]


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _is_whole(path: Path, file: RemoteFile) -> bool:
    return _has_size(path, file.size) and files.file_digest(path) == file.sha256


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _repair(download: Download, folder: Path, report: Report) -> None:
    """Replaces what is damaged. Called with the lock held, perhaps after another process has done the work."""
    missing = [name for name in _damaged(download, folder) if not _take_packed(folder / name, download.files[name])]
    if not missing:
        return
    files.sweep_temporaries(folder)  # of a download that was killed while it wrote
    what, reason = f"Downloading {download.title}", "no mirror is known"
    total, done = sum(download.files[name].sent for name in missing), 0
    report(what, 0.0)
    for mirror in download.mirrors:
        try:
            while missing:
                name, file = missing[0], download.files[missing[0]]
                content = _fetch(
                    mirror + name, file, lambda share: report(what, share), done / total, file.sent / total
                )
                files.write_atomic(folder / name, content)
                done += file.sent
                missing.pop(0)
        except _TransferFailedError as error:
            reason = str(error)
    if missing:
        raise DataError(_advice(download, folder, missing, reason))
    report(what, 1.0)


def _advice(download: Download, folder: Path, missing: list[str], reason: str) -> str:
    packed = " (or the .gz files)" if any(download.files[name].packed for name in missing) else ""
    sample = f", or choose {download.sample!r}, which needs no network" if download.sample else ""
    put = f"put {', '.join(missing)}{packed} into {str(folder)!r}{sample}"
    return f"{download.title} could not be downloaded ({reason}); {put}."


def _take_packed(path: Path, file: RemoteFile) -> bool:
    """Makes a file from the `.gz` beside it, if that holds it."""
    try:
        with _packed(path).open("rb") as stream:
            content = _unpacked(stream, file)
    except OSError:  # there is none, or it cannot be read
        return False
    if content is not None:
        files.write_atomic(path, content)
    return content is not None


def _unpacked(stream: BinaryIO, file: RemoteFile) -> bytes | None:
    """The file in a `.gz`; None if that is damaged or holds another one. Never unpacks more than the file's size."""
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            content = unpacked.read(file.size + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return content if files.digest(content) == file.sha256 else None


def _fetch(address: str, file: RemoteFile, report: Callable[[float], None], start: float, share: float) -> bytes:
    """Downloads one file from one mirror.

    Args:
        address: of the file, without `.gz`.
        file: what has to come.
        report: called with the share of the whole download that is done, whenever more bytes have come.
        start: the share that was done before.
        share: the file's share.

    Raises:
        _TransferFailedError: it did not come, or is not the file.
    """
    transfer = _Transfer(f"{address}.gz" if file.packed else address, limit=max(file.size, file.packed))
    seen, since = 0, time.monotonic()
    try:
        while not transfer.wait(POLL_SECONDS):
            if transfer.arrived != seen:
                seen, since = transfer.arrived, time.monotonic()
                report(min(start + share * seen / file.sent, 1.0))
            elif time.monotonic() - since > (limit := STALL_SECONDS if seen else CONNECT_SECONDS):
                raise _TransferFailedError(f"nothing arrived for {limit:g} seconds")
    finally:
        transfer.cancel()
    if transfer.error:
        raise _TransferFailedError(transfer.error)
    content = bytes(transfer.content)
    if files.digest(content) == file.sha256:  # published as it is, or unpacked by the server
        return content
    if (unpacked := _unpacked(io.BytesIO(content), file)) is None:
        raise _TransferFailedError("the files that came are not those of the dataset")
    return unpacked


class _Transfer:
    """Downloads into memory on a thread of its own, which ends with the program.

    Attributes:
        content: what has arrived.
        error: why it failed, in a few words; empty if it did not.
    """

    def __init__(self, address: str, limit: int) -> None:
        self.content = bytearray()
        self.error = ""
        self._address, self._limit = address, limit
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()

    @property
    def arrived(self) -> int:
        return len(self.content)

    def wait(self, seconds: float) -> bool:
        """Waits at most so long; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def cancel(self) -> None:
        """Has the thread end at the next bytes that arrive."""
        self._cancelled = True

    def _run(self) -> None:
        import requests  # here, since lists of datasets need none of it

        try:
            with requests.get(
                self._address,
                stream=True,
                timeout=2 * STALL_SECONDS,  # ends a thread that was abandoned; whoever waits is stricter
                headers={"Accept-Encoding": "identity"},
            ) as response:
                response.raise_for_status()
                for chunk in response.iter_content(CHUNK_BYTES):
                    self.content += chunk
                    if self._cancelled or self.arrived > self._limit:  # more than the file has: it is another one
                        break
        except (OSError, ValueError) as error:  # those of requests are of these kinds
            self.error = _reason(error)


def _reason(error: BaseException) -> str:
    """What went wrong in a few words: that of the innermost error, such as "Connection refused"."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    words = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return " ".join(words.split()).strip("<>").rstrip(".")[:200]
