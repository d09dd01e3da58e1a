"""Trains a run in the process of the command, with a progress bar on standard error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from vae_core.cli.config_options import train_command
from vae_core.cli.output import print_note, print_result, progress_bar, table_of_values
from vae_core.cli.signals import Interrupts
from vae_core.config import RunConfig
from vae_core.data import datasets
from vae_core.registry.corruption_rows import check_channels
from vae_core.storage.runs import Run, Status, in_usual_place
from vae_core.storage.states import State
from vae_core.training.device import check_device
from vae_core.training.driver import Driver
from vae_core.training.loop import Event, Stepped, Trainer
from vae_core.training.new_run import create_run
from vae_core.training.remedy import remedy


def start(root: Path, config: RunConfig, name: str, data_dir: Path | None, as_json: bool) -> int:
    """Loads the images, creates a run under `root`, trains it, and returns the exit status."""
    with progress_bar("loading") as report:
        channels = datasets.load_dataset(config.data.dataset, data_dir, report).image_shape[0]
    check_channels(config.data.corruption, channels)
    check_device(config.training.device, config.training.precision)
    return _drive(create_run(root, config, name), data_dir, as_json)


def continue_run(run: Run, data_dir: Path | None, as_json: bool) -> int:
    """Trains the rest of a run and returns the exit status. A finished run is left unchanged, with status 0."""
    if run.is_finished():
        text = "The run is finished; give --epochs to train it for longer."
        print_result(_train_result(run, run.status()), as_json, lambda: text)
        return 0
    check_device(run.config.training.device, run.config.training.precision)
    if run.state() is State.DIVERGED:
        print(
            f"The run diverged, and with the same settings it will most likely do so again. {_advice(run, data_dir)}",
            file=sys.stderr,
        )
    return _drive(run, data_dir, as_json)


def _drive(run: Run, data_dir: Path | None, as_json: bool) -> int:
    """Trains in this process, with a bar on standard error."""
    with progress_bar("training") as report:

        def show(event: Event, trainer: Trainer) -> None:
            if isinstance(event, Stepped):
                loss = trainer.latest.get("loss")
                figures = "" if loss is None else f", {loss:.1f} nats on a held-out part"
                report(f"epoch {trainer.epoch:.1f}{figures}", event.step / trainer.total_steps)

        driver = Driver(run, data_dir=data_dir, on_event=show, progress=report)
        interrupts = Interrupts(driver.stop)
        status = driver.drive()
    for note in status.notes:
        print_note(note)
    result = _train_result(run, status)
    print_result(result, as_json, lambda: table_of_values(result, title=""))
    if status.state is not State.DONE:
        print(status.message or f"The run was {status.state}; 'resume {run.id}' continues it.", file=sys.stderr)
    if status.state is State.DIVERGED:
        print(_advice(run, data_dir), file=sys.stderr)
    interrupts.end()
    return 0 if status.state is State.DONE else 1


def _advice(run: Run, data_dir: Path | None) -> str:
    """The command that continues after a divergence."""
    runs = None if in_usual_place(run) else run.folder.parent
    command = train_command(remedy(run), runs, data_dir, always=("lr",))
    return f"To continue with a smaller learning rate: {command}"


def _train_result(run: Run, status: Status) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "steps": status.step,
        "seconds": status.seconds,
        "images_per_second": status.images_per_second,
        "state": status.state,
    }
