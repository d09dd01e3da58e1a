"""The full datasets as their raw files: checked by SHA-256, downloaded where they are missing, torn or changed.

torchvision does the download, in a process of its own: so its import, its progress bar and a connection that hangs stay
out of the program that asked. What arrives goes to a temporary folder, is checked there, and moves into place file by
file.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vae_core.errors import DataError
from vae_core.storage import files

Progress = Callable[[str, float], None]
"""Called with what is being done, and the share of it that is done, 0 to 1."""

FETCH = "import sys, torchvision.datasets as d; getattr(d, sys.argv[1])(sys.argv[2], download=True)"
"""The downloading process; its arguments are torchvision's class and the folder to fill."""

POLL_SECONDS = 0.1
CONNECT_SECONDS = 10.0
"""How long the download may wait for its first byte: where packets are dropped, a connection is tried for minutes."""
STALL_SECONDS = 30.0
"""How long nothing may arrive later, and how long the downloading process may take to start."""


@dataclass(frozen=True)
class RawFile:
    """One raw file: its size and the size of its compressed download, in bytes, and its SHA-256."""

    size: int
    packed: int
    sha256: str


@dataclass(frozen=True)
class RawSet:
    """A dataset of torchvision's: `<data folder>/<kind>/raw/<names of files>`."""

    title: str
    kind: str
    sample: str
    files: Mapping[str, RawFile]

    def folder(self, data_folder: Path) -> Path:
        """Where torchvision keeps the raw files."""
        return data_folder / self.kind / "raw"


MNIST = RawSet(
    title="MNIST",
    kind="MNIST",
    sample="mnist-sample",
    files={
        "train-images-idx3-ubyte": RawFile(
            47040016, 9912422, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": RawFile(
            60008, 28881, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": RawFile(
            7840016, 1648877, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": RawFile(
            10008, 4542, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
)

FASHION_MNIST = RawSet(
    title="Fashion-MNIST",
    kind="FashionMNIST",
    sample="fashion-mnist-sample",
    files={
        "train-images-idx3-ubyte": RawFile(
            47040016, 26421880, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": RawFile(
            60008, 29515, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": RawFile(
            7840016, 4422102, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": RawFile(
            10008, 5148, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    },
)


def is_here(raw: RawSet, data_folder: Path) -> bool:
    """Whether all files are there with their sizes, unpacked or not; cheap, for lists. `ensure` looks at their content."""
    folder = raw.folder(data_folder)
    try:
        return all(
            _has_size(folder / name, file.size) or _has_size(_packed(folder / name), file.packed)
            for name, file in raw.files.items()
        )
    except OSError:  # a folder that may not be looked into; `ensure` says so
        return False


def ensure(raw: RawSet, data_folder: Path, progress: Progress | None = None) -> Path:
    """The folder of the raw files, all of them whole; unpacks a `.gz` that lies beside them, and downloads the rest.

    One process does this, and others wait.

    Nothing is written where all is right, so a read-only data folder serves.

    Raises:
        DataError: there is no network, or what it sent is not the dataset; says where to put which files.
        DiskError: the data folder is full or read-only.
    """
    folder = raw.folder(data_folder)
    try:
        if _damaged(raw, folder):
            files.make_folder(folder)
            with files.lock(folder.parent / ".lock"):
                _heal(raw, folder, progress or _silent)
    except OSError as error:
        raise DataError(
            f"{raw.title} in {str(folder)!r} cannot be read or written ({error.strerror or error}); "
            "allow it, or name another data folder."
        ) from error
    return folder


def _silent(_what: str, _share: float) -> None:
    """For those who do not want to know."""


def _damaged(raw: RawSet, folder: Path) -> list[str]:
    """The names of the files that are missing, torn or changed."""
    return [name for name, file in raw.files.items() if not _is_whole(folder / name, file)]


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _is_whole(path: Path, file: RawFile) -> bool:
    return _has_size(path, file.size) and files.file_digest(path) == file.sha256


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _unpack(path: Path, file: RawFile) -> bool:
    """Makes a raw file of the `.gz` beside it, if that holds it; never unpacks more than its size."""
    try:
        with gzip.open(_packed(path), mode="rb") as stream:
            content = stream.read(file.size + 1)
    except (OSError, EOFError, zlib.error):  # there is none, or a damaged one
        return False
    if hashlib.sha256(content).hexdigest() != file.sha256:
        return False
    files.write_atomic(path, content)
    return True


def _heal(raw: RawSet, folder: Path, progress: Progress) -> None:
    """Replaces what is damaged; called with the lock held, perhaps after another process did the work."""
    damaged = [name for name in _damaged(raw, folder) if not _unpack(folder / name, raw.files[name])]
    if not damaged:
        return
    for left_over in folder.parent.glob(".partial-*"):  # of a download that was killed
        files.remove_tree(left_over)
    with files.temporary_folder(folder) as arriving:
        reason = _fetch(raw, arriving, progress)
        arrived = raw.folder(arriving)
        if not reason and _damaged(raw, arrived):
            reason = "the files that came are not those of the dataset"
        if reason:
            raise DataError(_advice(raw, folder, damaged, reason))
        for name in damaged:
            files.move(arrived / name, folder / name)
    progress(_doing(raw), 1.0)


def _doing(raw: RawSet) -> str:
    return f"Downloading {raw.title}"


def _advice(raw: RawSet, folder: Path, damaged: list[str], reason: str) -> str:
    return (
        f"{raw.title} could not be downloaded ({reason}); put {', '.join(damaged)} (or the .gz files) into {str(folder)!r}, "
        f"or choose {raw.sample!r}, which needs no network."
    )


def _fetch(raw: RawSet, arriving: Path, progress: Progress) -> str:
    """Runs the download to its end; the reason why it failed, or the empty string."""
    command = [sys.executable, "-c", FETCH, raw.kind, str(arriving)]
    quiet = {**os.environ, "TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=quiet
    ) as child:
        try:
            waited = _watch(child, raw, arriving, progress)
            if waited:
                return f"nothing arrived for {waited:g} seconds"
            complaint = child.stderr.read().strip() if child.stderr else ""
            return _last_line(complaint) if child.returncode else ""
        finally:
            child.kill()  # where the person interrupts, or nothing arrives


def _watch(child: subprocess.Popen[str], raw: RawSet, arriving: Path, progress: Progress) -> float:
    """Reports progress until the child ends; otherwise for how many seconds nothing has arrived, which is too long."""
    total = sum(file.size + file.packed for file in raw.files.values())
    arrived, since = 0, time.monotonic()
    connecting = False
    progress(_doing(raw), 0.0)
    while child.poll() is None:
        time.sleep(POLL_SECONDS)
        before, arrived = arrived, sum(path.stat().st_size for path in arriving.rglob("*") if path.is_file())
        if arrived != before:
            since = time.monotonic()
            progress(_doing(raw), min(arrived / total, 1.0))
        elif not arrived and not connecting and raw.folder(arriving).is_dir():
            connecting, since = True, time.monotonic()  # torchvision is imported, and makes the folder first
        elif time.monotonic() - since > (limit := CONNECT_SECONDS if connecting and not arrived else STALL_SECONDS):
            return limit
    return 0.0


def _last_line(complaint: str) -> str:
    """What went wrong in a few words: the last line of a traceback."""
    lines = complaint.splitlines() or ["it ended without a word"]
    return lines[-1].strip().strip("<>").rstrip(".")[:200]
