"""The process that trains runs, one after the other.

    python -m vae_core.training.worker RUN_FOLDER            trains it
    python -m vae_core.training.worker RUN_FOLDER --wait     trains it, then reads further requests from standard input
    python -m vae_core.training.worker --wait                imports torch, then reads requests from standard input

A waiting worker ends when its pipe closes, so that a server that dies leaves nothing behind, or after some idle
minutes. A request is one line of JSON: {"folder": ..., "data_dir": ... or null}. Output goes to the run's worker.log.
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
from vae_core.evaluation.figures import figures_of
from vae_core.storage import files
from vae_core.storage.runs import Run, open_folder
from vae_core.training.driver import CHECKPOINT_SECONDS, Driver, tiny_is_zero

IDLE_SECONDS = 600.0


def work(folder: Path, data_dir: Path | None = None, checkpoint_seconds: float = CHECKPOINT_SECONDS) -> int:
    """Trains the run in `folder`, and returns the process's exit status.

    A full disk pauses the run and is no failure of the process (0); any other error of ours is 1, and is in the status.
    """
    _log(f"worker {os.getpid()} takes {folder.name}")
    run = open_folder(folder)
    if run.is_finished():  # two managers may have queued it
        _log("it is finished already")
        return 0
    driver = Driver(run, data_dir=data_dir, checkpoint_seconds=checkpoint_seconds)

    def stop(number: int, frame: object) -> None:
        driver.stop_asked = True

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
    if status.state == "done":
        _keep_figures(run, data_dir)
    return 0


def _keep_figures(run: Run, data_dir: Path | None) -> None:
    """While everything is at hand. The run is done and its lock free: no page and no resume waits for this."""
    try:
        figures_of(run, data_dir=data_dir)
    except LatentLabError as error:
        _log(f"Its figures could not be computed: {error}")


def wait(idle_seconds: float = IDLE_SECONDS) -> int:
    """Trains what is asked for; ends when the pipe closes, nobody asks for long, or a run failed, with the last exit status.

    A run that was refused before it began still says that it waits: by the end of its worker the manager hears of it.
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
    """The next line, or nothing where the pipe is closed; nobody waits for an idle process, so it may end at once."""
    leave = threading.Timer(idle_seconds, os._exit, [0])
    leave.daemon = True
    leave.start()
    line = sys.stdin.readline()
    leave.cancel()
    return line.strip()


def _warm_up() -> None:
    """Pays now for what the first step would pay: lazy imports, memory pools, the bundled images."""
    from vae_core.config import RunConfig
    from vae_core.data import datasets
    from vae_core.training.loop import Trainer

    with tiny_is_zero():  # torch starts its threads here, and a run's results must not depend on a warm-up
        trainer = Trainer(RunConfig(), datasets.load_dataset("mnist-sample"))
        trainer.look()
        trainer.train_step()
        trainer.frame(spread=True)


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
