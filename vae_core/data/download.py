"""Downloads the files of a dataset that are missing, truncated or altered, and checks their SHA-256.

`requests` transfers the bytes. pooch was considered and rejected: it checks the hash of what is sent, while the one that
matters here is that of the unpacked file (which also validates a `.gz` provided by the user); it does not support mirrors;
and a transfer can neither be cancelled nor limited in total time, because `requests` tries every address of a host in turn.
So each transfer runs on its own thread, which is abandoned if nothing arrives. The content stays in memory until its hash
is verified, so an interrupted or killed download leaves nothing behind.
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
"""How long to wait for any further byte."""
CHUNK_BYTES = 4096


@dataclass(frozen=True)
class RemoteFile:
    """A file of a dataset.

    Attributes:
        size: in bytes.
        packed: size in bytes of the `.gz` in which it is published; 0 if it is published uncompressed.
        sha256: of the uncompressed file, in hexadecimal.
    """

    size: int
    packed: int
    sha256: str

    @property
    def sent(self) -> int:
        """The number of bytes that a download transfers."""
        return self.packed or self.size


@dataclass(frozen=True)
class Download:
    """The files of a dataset and where to download them.

    Attributes:
        title: display name.
        subfolder: path of the files relative to the data folder, with slashes.
        mirrors: base URLs ending in a slash that serve the same files, tried in order.
        files: by name.
        sample: name of a bundled dataset that can be used instead, or empty.
    """

    title: str
    subfolder: str
    mirrors: tuple[str, ...]
    files: Mapping[str, RemoteFile]
    sample: str = ""

    def folder(self, data_folder: Path) -> Path:
        """Returns the folder of the files."""
        return data_folder / self.subfolder


class _TransferFailedError(Exception):
    """A mirror did not send the file; the message is a short reason."""


def is_here(download: Download, data_folder: Path) -> bool:
    """Returns whether all files exist with the right size, uncompressed or as `.gz`. Cheap: only `ensure` checks hashes."""
    folder = download.folder(data_folder)
    try:
        return all(
            _has_size(folder / name, file.size) or _has_size(_packed(folder / name), file.packed)
            for name, file in download.files.items()
        )
    except OSError:  # a folder without permission, which `ensure` reports
        return False


def ensure(download: Download, data_folder: Path, report: Report = no_report) -> Path:
    """Makes sure that all files exist and are intact: unpacks any `.gz` beside them and downloads the rest.

    If several processes call this at once, one does the work and the others wait. If nothing is missing nothing is written,
    so the data folder may be read-only.

    Args:
        download: the files needed.
        data_folder: the folder of all datasets.
        report: called with the current activity and its progress (0 to 1). An exception that it raises ends the download.

    Returns:
        The folder of the files.

    Raises:
        DataError: there is no network, or what was sent is not the dataset; the message says which files to put where.
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
            "check its permissions, or choose another data folder."
        ) from error
    return folder


def _damaged(download: Download, folder: Path) -> list[str]:
    """Returns the names of the files that are missing, truncated or altered."""
    return [name for name, file in download.files.items() if not _is_whole(folder / name, file)]


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _is_whole(path: Path, file: RemoteFile) -> bool:
    return _has_size(path, file.size) and files.file_digest(path) == file.sha256


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _repair(download: Download, folder: Path, report: Report) -> None:
    """Replaces damaged files. The caller holds the lock; another process may already have done the work."""
    missing = [name for name in _damaged(download, folder) if not _take_packed(folder / name, download.files[name])]
    if not missing:
        return
    files.sweep_temporaries(folder)  # left by a download that was killed while writing
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
    """Unpacks the `.gz` beside a file, and returns whether it contained that file."""
    try:
        with _packed(path).open("rb") as stream:
            content = _unpacked(stream, file)
    except OSError:  # it does not exist, or cannot be read
        return False
    if content is not None:
        files.write_atomic(path, content)
    return content is not None


def _unpacked(stream: BinaryIO, file: RemoteFile) -> bytes | None:
    """Returns the file in a `.gz`, or None if it is damaged or another file. Never unpacks more than the file's size."""
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            content = unpacked.read(file.size + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return content if files.digest(content) == file.sha256 else None


def _fetch(address: str, file: RemoteFile, report: Callable[[float], None], start: float, share: float) -> bytes:
    """Downloads one file from one mirror.

    Args:
        address: URL of the file, without `.gz`.
        file: the file expected.
        report: called with the progress of the whole download whenever bytes have arrived.
        start: the progress before this file.
        share: this file's share of the download.

    Raises:
        _TransferFailedError: it did not arrive, or is not the expected file.
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
    if files.digest(content) == file.sha256:  # published uncompressed, or unpacked by the server
        return content
    if (unpacked := _unpacked(io.BytesIO(content), file)) is None:
        raise _TransferFailedError("the files received are not those of the dataset")
    return unpacked


class _Transfer:
    """A download into memory on its own daemon thread.

    Attributes:
        content: the bytes received so far.
        error: a short reason why it failed; empty if it did not.
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
        """Waits for at most this long and returns whether the transfer has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def cancel(self) -> None:
        """Makes the thread end when the next bytes arrive."""
        self._cancelled = True

    def _run(self) -> None:
        import requests  # imported here because listing datasets does not need it

        try:
            with requests.get(
                self._address,
                stream=True,
                timeout=2 * STALL_SECONDS,  # ends an abandoned thread; `_fetch` is stricter
                headers={"Accept-Encoding": "identity"},
            ) as response:
                response.raise_for_status()
                for chunk in response.iter_content(CHUNK_BYTES):
                    self.content += chunk
                    if self._cancelled or self.arrived > self._limit:  # larger than expected: a different file
                        break
        except (OSError, ValueError) as error:  # all exceptions of requests are among these
            self.error = _reason(error)


def _reason(error: BaseException) -> str:
    """Returns a short reason, that of the innermost error, such as "Connection refused"."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    words = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return " ".join(words.split()).strip("<>").rstrip(".")[:200]
