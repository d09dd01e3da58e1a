"""Trains one run in this process, from its folder to its final weights.

    run = create_run(Path("checkpoints"), make_config(beta=4))
    status = Driver(run).drive()

The worker process, the command line and a Dask worker all use the driver, so a run comes out the same whoever trains
it. Where its results go is up to the sink; `sink.RunFolder` is the run's folder on this machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from vae_core.data import datasets
from vae_core.data.relocation import load_run_dataset
from vae_core.errors import DiskError, LatentLabError
from vae_core.storage import frames
from vae_core.storage.runs import Run, Status
from vae_core.storage.states import State
from vae_core.training.loop import Trainer
from vae_core.training.recovery import Recovery
from vae_core.training.reporter import Reporter
from vae_core.training.requests import Requests
from vae_core.training.run_loop import OnEvent, RunLoop
from vae_core.training.sink import RunFolder, Sink

CHECKPOINT_SECONDS = 10.0
IDLE_SECONDS = 900.0

Progress = Callable[[str, float], None]
Load = Callable[[Progress], datasets.Dataset]


@contextlib.contextmanager
def flush_denormals() -> Iterator[None]:
    """Treats float32 values below 1.2e-38 as 0 (if the processor can), on this thread and those it starts.

    The gradient of a weight whose pixel stays dark is 0, so Adam's moving average for it shrinks by a tenth per step
    and becomes subnormal after about 800 steps, for good. Processors take many times longer for such numbers, which do not
    change any weight. Threads that torch started earlier keep their setting.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _load(run: Run | Sink, data_dir: Path | None, progress: Progress) -> datasets.Dataset:
    if isinstance(run, Run):
        return load_run_dataset(run, None, data_dir, progress)
    return datasets.load_dataset(run.config.data.dataset, data_dir, progress)


class Driver:
    """Trains one run until its end, a stop or an error, and leaves its folder complete.

    Args:
        run: the run, or another sink.
        data_dir: folder of the full datasets; None for the usual one.
        load: returns the dataset; `datasets.load_dataset` by default.
        on_event: called with each event of the training, and the trainer.
        progress: called while the dataset loads, with what is being done and the share done (0 to 1).
        checkpoint_seconds: time between two checkpoints.
        idle_seconds: how long a paused run keeps this process before it stops, resumable.
    """

    def __init__(
        self,
        run: Run | Sink,
        *,
        data_dir: Path | None = None,
        load: Load | None = None,
        on_event: OnEvent | None = None,
        progress: Progress | None = None,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.sink: Sink = RunFolder(run) if isinstance(run, Run) else run
        self.on_event = on_event
        self._load = load or (lambda progress: _load(run, data_dir, progress))
        self._progress = progress
        self._checkpoint_seconds, self._idle_seconds = checkpoint_seconds, idle_seconds
        self._requests = Requests(self.sink)
        self._reporter = Reporter(self.sink)

    def stop(self) -> None:
        """Ends the training after the current step, with everything saved; safe in a signal handler."""
        self._requests.stop()

    def drive(self) -> Status:
        """Trains and returns the final status.

        Raises:
            RunLocked: another process is training the run.
            LatentLabError: the data, the disk or the checkpoint is at fault; the run's status says so too.
        """
        with self.sink.lock_run(), flush_denormals():
            before = self._reporter.status
            try:
                self._reporter.write_status(State.RUNNING, message="loading the data")
                if before.state is not State.QUEUED:  # a queued run's requests are meant for this process
                    self._requests.clear()
                return self._prepare().run()
            except DiskError as error:
                self._fail(State.PAUSED, str(error), before)
                raise
            except LatentLabError as error:
                self._fail(State.FAILED, str(error), before)
                raise
            except Exception as error:
                self._fail(State.FAILED, f"{type(error).__name__}: {error}. The run's log has the details.", before)
                raise

    def _prepare(self) -> RunLoop:
        """Everything before the first step: the data, and the model at its newest usable checkpoint."""
        torch.set_num_threads(self.sink.config.training.threads)
        recovery = Recovery(self.sink, self._load(self._report_loading))
        trainer, length = recovery.start()
        self._reporter.trainer = trainer
        self.sink.begin(trainer.step, length, frames.pack_subjects(trainer.recorder.subjects), _identity(trainer))
        return RunLoop(
            self.sink, trainer, recovery, self._requests, self._reporter,
            self._checkpoint_seconds, self._idle_seconds, self.on_event,
        )  # fmt: skip

    def _report_loading(self, what: str, share: float) -> None:
        if self._progress is not None:
            self._progress(what, share)
        self._reporter.report_loading(what, share)

    def _fail(self, state: str, message: str, before: Status) -> None:
        """Writes how the run stands after an error: as before, if the training had not begun."""
        has_begun = self._reporter.trainer is not None
        if has_begun or (before.was or before.state) == State.QUEUED:
            self._reporter.write_status(state, message)
        else:
            self._reporter.write_earlier_status(before, message)


def _identity(trainer: Trainer) -> dict[str, object]:
    """What the weights alone do not tell: the shape of the images, and the dataset's hash."""
    return {"image_shape": list(trainer.images.shape[1:]), "dataset_sha256": trainer.dataset_digest}
