"""Figures in the background: a process of low priority computes those that are not kept yet, one run after the other.

    python -m vae_core.training.background RUN_FOLDER ... [--data-dir DIR]

The page asks and never waits: it shows what `read_figures` finds. What goes wrong with a run is told in its worker.log.
This module imports torch only in that process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from vae_core.errors import LatentLabError
from vae_core.storage import files
from vae_core.storage.figures import read_figures, weights_digest
from vae_core.storage.places import PROJECT_ROOT
from vae_core.storage.runs import Run, open_folder

BATCH = 20
NICE = 10


class Background:
    """One process at a time; safe to call from many threads."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self.data_dir = data_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._tried: set[tuple[str, str]] = set()
        self._batch: list[tuple[Run, str]] = []
        self._closed = False

    @property
    def is_busy(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask(self, runs: Iterable[Run]) -> bool:
        """Starts to compute the figures of the first of these runs that have none, unless a process is at it already.

        To be called again as long as it says yes: what did not fit into one process goes into the next. A run whose
        figures cannot be computed is tried once.

        Returns:
            Whether a process is at work.
        """
        with self._lock:
            if self.is_busy or self._closed:
                return self.is_busy
            self._note_first_lacking()
            wanted = [(run, digest) for run in runs if (digest := self._lacking(run)) is not None][:BATCH]
            self._batch = wanted
            if wanted:
                self._process = self._start([run.folder for run, _ in wanted])
            return self.is_busy

    def close(self) -> None:
        """Ends the process; what it has kept stays, and the rest is computed another time."""
        with self._lock:
            self._closed = True
            if self._process is not None and self.is_busy:
                self._process.terminate()
                self._process.wait(timeout=10)

    def _lacking(self, run: Run) -> str | None:
        """The digest of final weights that have no figures yet."""
        digest = weights_digest(run)
        known = digest is None or (str(run.folder), digest) in self._tried or read_figures(run) is not None
        return None if known else digest

    def _note_first_lacking(self) -> None:
        """Of the process that ended, the first run without figures is the one at fault; those after it get another."""
        first = next(((run, digest) for run, digest in self._batch if self._lacking(run) == digest), None)
        if first is not None:
            self._tried.add((str(first[0].folder), first[1]))
        self._batch = []

    def _start(self, folders: list[Path]) -> subprocess.Popen[bytes]:
        options = ["--data-dir", str(self.data_dir)] if self.data_dir else []
        command = [sys.executable, "-m", __name__, *(str(folder.resolve()) for folder in folders), *options]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT_ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )


def work(folders: list[Path], data_dir: Path | None = None) -> None:
    """Computes and keeps the figures of each run; one at fault does not hold up the others."""
    from vae_core.evaluation.figures import figures_of

    for folder in folders:
        try:
            figures_of(open_folder(folder), data_dir=data_dir)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one run, the others get their figures)
            tell(folder, f"Its figures could not be computed: {error}")


def tell(folder: Path, sentence: str) -> None:
    """Adds a line to a run's log, where that still takes one."""
    print(sentence, file=sys.stderr)
    if not folder.is_dir():
        return
    try:
        log = files.Appender(folder / "worker.log")
    except LatentLabError as error:
        print(error, file=sys.stderr)
        return
    log.append(f"{sentence}\n".encode(errors="backslashreplace"))
    log.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Compute the figures of runs; started by the app, or by hand.")
    parser.add_argument("folders", nargs="+", type=Path, help="the runs' folders")
    parser.add_argument("--data-dir", type=Path, help="where the full datasets are")
    args = parser.parse_args()
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICE)
    work(args.folders, args.data_dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
