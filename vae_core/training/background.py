"""Computes missing figures in the background: a process of low priority does one run after the other.

    python -m vae_core.training.background RUN_FOLDER ... [--data-dir DIR] [--iw-samples K]

A page asks and never waits: it shows what has been computed so far. Errors of a run go to its worker.log. Only that process
imports torch.
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
"""How the line in a run's log begins that gives the reason."""


class Background:
    """Runs one process at a time. Thread-safe."""

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
        """Starts a process for the first of these runs that lack figures, unless one is running.

        Call it again as long as it returns True: runs that did not fit into one process go into the next. A run whose
        figures cannot be computed is tried once.

        Args:
            runs: runs in any state; those without final weights are skipped.
            iw_samples: number of samples for the importance-weighted NLL; None leaves it out.

        Returns:
            Whether a process is running.
        """
        with self._lock:
            if self.is_busy or self._closed:
                return self.is_busy
            self._note_failed()
            missing = [(run, key) for run in runs if (key := self._missing(run, iw_samples)) is not None][:BATCH]
            self._batch, self._samples = missing, iw_samples
            if missing:
                self._process = self._start([run.folder for run, _ in missing], iw_samples)
            return self.is_busy

    def close(self) -> None:
        """Ends the process. Figures it has written stay; the others are computed another time."""
        with self._lock:
            self._closed = True
            if self._process is not None and self.is_busy:
                self._process.terminate()
                self._process.wait(timeout=10)

    def _missing(self, run: Run, iw_samples: int | None) -> str | None:
        """Names the figures a run lacks by weights and samples; None if it lacks none or they were tried."""
        digest = weights_digest(run)
        if digest is None or not lacks_figures(run, iw_samples):
            return None
        key = digest if iw_samples is None else f"{digest} {iw_samples}"
        return None if (str(run.folder), key) in self._tried else key

    def _note_failed(self) -> None:
        """After a process has ended, its first run without figures is the failed one; later ones get another process."""
        samples = self._samples
        first = next(((run, key) for run, key in self._batch if self._missing(run, samples) == key), None)
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
    """Whether a run has no figures, or none with this many importance samples although it has a posterior."""
    kept = EVALUATION.read(run)
    asked = iw_samples if run.config.model.is_variational else None
    return kept is None or (asked is not None and kept.iw_samples != asked)


def failure_of(run: Run) -> str:
    """Why a run's figures could not be computed, as a sentence from its log, or empty."""
    try:
        lines = files.read_bytes(run.folder / "worker.log").decode(errors="replace").splitlines()
    except (LatentLabError, OSError):
        return ""
    reasons = [line[line.index(FAILED) :] for line in lines if FAILED in line]
    return f"{run.name}: {reasons[-1]}" if reasons else ""


def work(folders: list[Path], data_dir: Path | None = None, iw_samples: int | None = None) -> None:
    """Computes and stores the figures of each run; an error in one does not affect the others."""
    from vae_core.evaluation.figures import figures_of

    for folder in folders:
        try:
            figures_of(open_folder(folder), iw_samples=iw_samples, data_dir=data_dir)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one run, the others get their figures)
            _append_to_log(folder, f"{FAILED}{error}")


def _append_to_log(folder: Path, sentence: str) -> None:
    """Adds a line to a run's log and to standard error; a log that cannot be written is no error."""
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
