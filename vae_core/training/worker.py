"""A process that trains runs, one after the other.

    python -m vae_core.training.worker RUN_FOLDER            trains the run
    python -m vae_core.training.worker RUN_FOLDER --wait     trains the run, then reads more from standard input
    python -m vae_core.training.worker --wait                imports torch, then reads runs from standard input

Each line on standard input is a JSON object: {"folder": ..., "data_dir": ... or null}. A waiting worker ends after some
idle minutes, or when its pipe closes, so that a server that dies leaves nothing behind. Output goes to the run's
worker.log.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from vae_core.errors import DiskError, LatentLabError
from vae_core.evaluation.run_figures import figures_of
from vae_core.storage import files
from vae_core.storage.runs import Run, open_folder
from vae_core.storage.states import State
from vae_core.training.driver import CHECKPOINT_SECONDS, Driver, flush_denormals

IDLE_SECONDS = 600.0


def work(folder: Path, data_dir: Path | None = None, checkpoint_seconds: float = CHECKPOINT_SECONDS) -> int:
    """Trains the run in `folder` and returns an exit status for the process.

    The status is 1 for a `LatentLabError`, which the run's status names too, and 0 otherwise. A full disk only pauses
    the run, so it counts as 0.
    """
    _log(f"worker {os.getpid()} takes {folder.name}")
    run = open_folder(folder)
    if run.is_finished():  # two managers may have queued it
        _log("it is finished already")
        return 0
    driver = Driver(run, data_dir=data_dir, checkpoint_seconds=checkpoint_seconds)

    def stop(number: int, frame: object) -> None:
        driver.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        status = driver.drive()
    except LatentLabError as error:
        _log(str(error))
        return 0 if isinstance(error, DiskError) else 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    _log(f"{status.state} at step {status.step}, {status.seconds:.1f} s")
    if status.state is State.DONE:
        _store_figures(run, data_dir)
    return 0


def _store_figures(run: Run, data_dir: Path | None) -> None:
    """Computes the run's figures while data and model are loaded. Its lock is free: nothing waits for this."""
    try:
        figures_of(run, data_dir=data_dir)
    except LatentLabError as error:
        _log(f"Its figures could not be computed: {error}")


def wait(idle_seconds: float = IDLE_SECONDS) -> int:
    """Trains the requested runs and returns the exit status of the last one.

    Ends when the pipe closes, after `idle_seconds` without a request, or when a run fails. A run that was refused before
    it began is still marked as queued: the manager learns of it because the worker ends.
    """
    status = 0
    while not status and (line := _request(idle_seconds)):
        request = json.loads(line)
        folder = Path(request["folder"])
        log = files.log_descriptor(folder / "worker.log")
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        status = work(folder, Path(request["data_dir"]) if request["data_dir"] else None)
    return status


def _request(idle_seconds: float) -> str:
    """The next line, or empty if the pipe is closed. Ends the whole process when it has been idle for long."""
    leave = threading.Timer(idle_seconds, os._exit, [0])
    leave.daemon = True
    leave.start()
    line = sys.stdin.readline()
    leave.cancel()
    return line.strip()


def _warm_up() -> None:
    """Does now what would slow the first step down: lazy imports, memory pools, reading the bundled images."""
    from vae_core.config import RunConfig
    from vae_core.data import datasets
    from vae_core.training.loop import Trainer

    with flush_denormals():  # torch starts its threads here; results must not depend on a warm-up
        trainer = Trainer(RunConfig(), datasets.load_dataset("mnist-sample"))
        trainer.validate()
        trainer.train_step()
        trainer.frame(with_log_variance=True)


def _log(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Train one run; started by the app, or by hand.")
    parser.add_argument("folder", nargs="?", type=Path, help="the run's folder")
    parser.add_argument("--wait", action="store_true", help="wait, warm, for (further) requests on standard input")
    parser.add_argument("--data-dir", type=Path, help="where the full datasets are")
    parser.add_argument("--checkpoint-seconds", type=float, default=CHECKPOINT_SECONDS, help="between checkpoints")
    args = parser.parse_args()
    if args.folder is None and not args.wait:
        parser.error("give a run's folder, or --wait")
    if args.folder is None:
        _warm_up()
    status = 0 if args.folder is None else work(args.folder, args.data_dir, args.checkpoint_seconds)
    return wait() if args.wait and not status else status


if __name__ == "__main__":
    sys.exit(main())
