"""Figures in the background: a process of low priority computes those that are not kept yet, one run after the other.

    python -m vae_core.training.background RUN_FOLDER ... [--data-dir DIR] [--iw-samples K]

The page asks and never waits: it shows what is kept. What goes wrong with a run is told in its worker.log.
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
from vae_core.storage.measurements import EVALUATION, weights_digest
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import Run, open_folder

BATCH = 20
NICE = 10
FAILED = "Its figures could not be computed: "
"""How the line of a run's log begins that says why."""


class Background:
    """One process at a time; safe to call from many threads."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self.data_dir = data_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._tried: set[tuple[str, str]] = set()
        self._batch: list[tuple[Run, str]] = []
        self._samples: int | None = None
        self._closed = False

    @property
    def is_busy(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask(self, runs: Iterable[Run], iw_samples: int | None = None) -> bool:
        """Starts to compute the figures of the first of these runs that have none, unless a process is at it already.

        To be called again as long as it says yes: what did not fit into one process goes into the next. A run whose
        figures cannot be computed is tried once.

        Args:
            runs: of any state; those without final weights are left out.
            iw_samples: asks for the importance-weighted NLL too, with this many samples; None does not.

        Returns:
            Whether a process is at work.
        """
        with self._lock:
            if self.is_busy or self._closed:
                return self.is_busy
            self._note_first_lacking()
            wanted = [(run, digest) for run in runs if (digest := self._lacking(run, iw_samples)) is not None][:BATCH]
            self._batch, self._samples = wanted, iw_samples
            if wanted:
                self._process = self._start([run.folder for run, _ in wanted], iw_samples)
            return self.is_busy

    def close(self) -> None:
        """Ends the process; what it has kept stays, and the rest is computed another time."""
        with self._lock:
            self._closed = True
            if self._process is not None and self.is_busy:
                self._process.terminate()
                self._process.wait(timeout=10)

    def _lacking(self, run: Run, iw_samples: int | None) -> str | None:
        """What is to be tried: the digest of final weights that have no such figures yet, and how many samples."""
        digest = weights_digest(run)
        if digest is None or not lacks_figures(run, iw_samples):
            return None
        wanted = digest if iw_samples is None else f"{digest} {iw_samples}"
        return None if (str(run.folder), wanted) in self._tried else wanted

    def _note_first_lacking(self) -> None:
        """Of the process that ended, the first run without figures is the one at fault; those after it get another."""
        samples = self._samples
        first = next(((run, wanted) for run, wanted in self._batch if self._lacking(run, samples) == wanted), None)
        if first is not None:
            self._tried.add((str(first[0].folder), first[1]))
        self._batch = []

    def _start(self, folders: list[Path], iw_samples: int | None = None) -> subprocess.Popen[bytes]:
        options = ["--data-dir", str(self.data_dir)] if self.data_dir else []
        options += [] if iw_samples is None else ["--iw-samples", str(iw_samples)]
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


def lacks_figures(run: Run, iw_samples: int | None = None) -> bool:
    """Whether a run's figures are not kept, or not with this many importance samples where it has a posterior."""
    kept = EVALUATION.read(run)
    asked = None if run.config.model.model == "ae" else iw_samples
    return kept is None or (asked is not None and kept.iw_samples != asked)


def failure_of(run: Run) -> str:
    """The sentence of its log that says why its figures could not be computed, or empty."""
    try:
        lines = files.read_bytes(run.folder / "worker.log").decode(errors="replace").splitlines()
    except (LatentLabError, OSError):
        return ""
    told = [line[line.index(FAILED) :] for line in lines if FAILED in line]
    return f"{run.name}: {told[-1]}" if told else ""


def work(folders: list[Path], data_dir: Path | None = None, iw_samples: int | None = None) -> None:
    """Computes and keeps the figures of each run; one at fault does not hold up the others."""
    from vae_core.evaluation.figures import figures_of

    for folder in folders:
        try:
            figures_of(open_folder(folder), iw_samples=iw_samples, data_dir=data_dir)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one run, the others get their figures)
            tell(folder, f"{FAILED}{error}")


def tell(folder: Path, sentence: str) -> None:
    """Adds a line to a run's log, where that still takes one."""
    print(sentence, file=sys.stderr)
    if not files.is_folder(folder):
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
    parser.add_argument("--iw-samples", type=int, help="also the importance-weighted NLL, with this many samples")
    args = parser.parse_args()
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICE)
    work(args.folders, args.data_dir, args.iw_samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
