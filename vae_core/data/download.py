"""The full datasets as their raw files: checked by SHA-256, downloaded where they are missing, torn or changed.

torchvision does the download, in a process of its own: so its import, its progress bar and a connection that hangs stay
out of the program that asked. What arrives goes to a temporary folder, is checked there, and moves into place file by
file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
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
STALL_SECONDS = 60.0


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
    """Whether all files are there with their sizes; cheap, for lists. `ensure` looks at their content."""
    folder = raw.folder(data_folder)
    try:
        return all(_has_size(folder / name, file) for name, file in raw.files.items())
    except OSError:  # a folder that may not be looked into; `ensure` says so
        return False


def ensure(raw: RawSet, data_folder: Path, progress: Progress | None = None) -> Path:
    """The folder of the raw files, all of them whole; downloads what is not. One process downloads, others wait.

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


def _has_size(path: Path, file: RawFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _is_whole(path: Path, file: RawFile) -> bool:
    return _has_size(path, file) and files.file_digest(path) == file.sha256


def _heal(raw: RawSet, folder: Path, progress: Progress) -> None:
    """Replaces what is damaged; called with the lock held, perhaps after another process did the work."""
    damaged = _damaged(raw, folder)
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
        f"{raw.title} could not be downloaded ({reason}); put {', '.join(damaged)} (unpacked) into {str(folder)!r}, "
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
            if not _watch(child, raw, arriving, progress):
                return f"nothing arrived for {STALL_SECONDS:g} seconds"
            complaint = child.stderr.read().strip() if child.stderr else ""
            return _last_line(complaint) if child.returncode else ""
        finally:
            child.kill()  # where the person interrupts, or nothing arrives


def _watch(child: subprocess.Popen[str], raw: RawSet, arriving: Path, progress: Progress) -> bool:
    """Reports progress until the child ends; False where nothing has arrived for too long."""
    total = sum(file.size + file.packed for file in raw.files.values())
    arrived, since = 0, time.monotonic()
    progress(_doing(raw), 0.0)
    while child.poll() is None:
        time.sleep(POLL_SECONDS)
        before, arrived = arrived, sum(path.stat().st_size for path in arriving.rglob("*") if path.is_file())
        if arrived != before:
            since = time.monotonic()
            progress(_doing(raw), min(arrived / total, 1.0))
        elif time.monotonic() - since > STALL_SECONDS:
            return False
    return True


def _last_line(complaint: str) -> str:
    """What went wrong in a few words: the last line of a traceback."""
    lines = complaint.splitlines() or ["it ended without a word"]
    return lines[-1].strip().strip("<>").rstrip(".")[:200]
