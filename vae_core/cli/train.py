"""The commands that train one run: start it, continue it, make it longer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from vae_core.cli.config_options import ConfigOptions, train_command
from vae_core.cli.options import DataDir, Json, RunName, Runs, expand_options
from vae_core.cli.output import print_note, print_result, progress_bar, table_of_values
from vae_core.cli.signals import Interrupts
from vae_core.data import datasets
from vae_core.data.moved import check_there, point_to
from vae_core.errors import RunLocked
from vae_core.levels import check_channels
from vae_core.storage import paths
from vae_core.storage.checkpoints import check_resumable
from vae_core.storage.files import is_locked
from vae_core.storage.lookup import find_run
from vae_core.storage.runs import Run, Status, in_usual_place, make_longer
from vae_core.storage.states import State
from vae_core.training.driver import Driver
from vae_core.training.loop import Event, Stepped, Trainer, check_device
from vae_core.training.new_run import create_run
from vae_core.training.remedy import remedy

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_options
def train(
    settings: ConfigOptions,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN@STEP", help="Start from the weights that another run kept at this step."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="A name for the run, shown in lists.")] = "",
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Train a model at full speed. Ctrl-C stops it after the current step, with everything saved."""
    root = paths.runs_folder(runs)
    config = settings.config(root, parent=from_)
    with progress_bar("loading") as report:
        channels = datasets.load_dataset(config.data.dataset, data_dir, report).image_shape[0]
    check_channels(config.data.corruption, channels)
    check_device(config.training.device)
    return _drive(create_run(root, config, name), data_dir, as_json)


@app.command()
def resume(
    run: RunName,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Make the run longer: this many passes over the data in all.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", metavar="PATH", help="Where the dataset's file is now. It must hold the same images."
        ),
    ] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Continue a run where it stopped, or make it longer. A finished run is left alone, with status 0."""
    found = find_run(run, paths.runs_folder(runs))
    if is_locked(found.lock_path):
        raise RunLocked(f"The run {found.id!r} is being trained already; stop that first.")
    if dataset is not None:
        with progress_bar("loading") as report:
            found = point_to(found, dataset, data_dir, report)
    if epochs is not None:
        check_resumable(found.folder)
        check_there(found)
        found = make_longer(found, epochs)
    if found.is_finished():
        print_result(
            _train_result(found, found.status()), as_json, lambda: "The run is finished; give --epochs to go on."
        )
        return 0
    check_device(found.config.training.device)
    if found.state() is State.DIVERGED:
        print(
            f"The run diverged, and with the same settings it most likely will again. {_advice(found, data_dir)}",
            file=sys.stderr,
        )
    return _drive(found, data_dir, as_json)


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
        print(status.message or f"The run was {status.state}; 'resume {run.id}' goes on.", file=sys.stderr)
    if status.state is State.DIVERGED:
        print(_advice(run, data_dir), file=sys.stderr)
    interrupts.end()
    return 0 if status.state is State.DONE else 1


def _advice(run: Run, data_dir: Path | None) -> str:
    """The command that continues after a divergence."""
    runs = None if in_usual_place(run) else run.folder.parent
    command = train_command(remedy(run), runs, data_dir, always=("lr",))
    return f"To go on with a smaller learning rate: {command}"


def _train_result(run: Run, status: Status) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "steps": status.step,
        "seconds": status.seconds,
        "images_per_second": status.images_per_second,
        "state": status.state,
    }
