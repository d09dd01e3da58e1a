"""The command line, thin over the same calls as the pages.

Exit status: 0 done; 2 the request is wrong, one sentence on standard error and nothing else; 1 anything else. Ctrl-C ends
a command by the signal. With `--json` exactly one JSON object is printed on standard output.
"""

from __future__ import annotations

import dataclasses
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from vae_core import cli_compress, cli_disentangle, cli_generate, cli_restore, cli_runs, cli_sweep
from vae_core.cli_app import DataDir, Json, RunName, Runs, app, print_result, short, table_of
from vae_core.cli_options import config_options, progress_bar, take_config
from vae_core.cli_signals import Interrupts, end_by
from vae_core.data import catalogue
from vae_core.data.moved import check_there, point_to
from vae_core.errors import LatentLabError, RunLocked
from vae_core.levels import check_channels
from vae_core.storage import paths
from vae_core.storage.checkpoints import check_resumable
from vae_core.storage.files import is_locked
from vae_core.storage.lookup import find_run
from vae_core.storage.runs import Run, Status, create_run, in_usual_place, make_longer
from vae_core.training.remedy import remedy

GROUPS = (cli_compress, cli_disentangle, cli_generate, cli_restore, cli_runs, cli_sweep)
"""Each adds its commands to `app` when it is imported."""

USAGE_ERROR: Any = typer.BadParameter.__base__  # the parser's own error, whichever click typer brings along


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command, and returns the exit status."""
    command = typer.main.get_command(app)
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        result = command.main(arguments, prog_name="python -m vae_core", standalone_mode=False)
    except LatentLabError as error:
        print(error, file=sys.stderr)
        return 2
    except USAGE_ERROR as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
        return 2
    except (typer.Abort, KeyboardInterrupt):
        end_by(signal.SIGINT)
    return int(result or 0)


@app.command()
def datasets(data_dir: DataDir = None, as_json: Json = False) -> None:
    """What is here, and what can be downloaded."""
    rows = [dataclasses.asdict(row) for row in catalogue.describe(data_dir)]
    print_result(
        {"datasets": rows}, as_json, lambda: table_of(rows, {"name": "name", "title": "what", "where": "where"})
    )


@app.command()
@config_options
def train(
    ctx: typer.Context,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN@STEP", help="Start from the weights of another run's kept step."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="A name for people.")] = "",
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Train a model at full speed; Ctrl-C ends it after this step, with everything saved."""
    from vae_core.data import datasets as registry
    from vae_core.training.loop import check_device

    root = paths.runs_folder(runs)
    config = take_config(ctx, parent=from_, root=root)
    with progress_bar("loading") as report:
        channels = registry.load_dataset(config.data.dataset, data_dir, report).image_shape[0]
    check_channels(config.data.corruption, channels)
    check_device(config.training.device)
    return _drive(create_run(root, config, name), data_dir, as_json)


@app.command()
def resume(
    run: RunName,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Passes over the data in all, to make it longer.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", metavar="PATH", help="Where its dataset's file is now; it must be the same images."),
    ] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Go on where a run stopped, or make it longer. A finished run: nothing, status 0."""
    from vae_core.training.loop import check_device

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
    if found.state() == "diverged":
        print(
            f"The run diverged, and with the same settings it most likely will again. {_advice(found, data_dir)}",
            file=sys.stderr,
        )
    return _drive(found, data_dir, as_json)


@app.command()
def evaluate(
    run: RunName,
    dataset: Annotated[str | None, typer.Option(help="Another dataset than the one it was trained on.")] = None,
    iw_samples: Annotated[
        int | None, typer.Option("--iw-samples", help="Also estimate -log p(x) with this many importance samples.")
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", help="Only this many test images, always the same. Default: all.")
    ] = None,
    best: Annotated[bool, typer.Option("--best", help="The best held-out weights in place of the final ones.")] = False,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Figures on the test split, in nats per image."""
    from vae_core.evaluation.figures import notes_on
    from vae_core.evaluation.trained import evaluate_run

    found = find_run(run, paths.runs_folder(runs))
    with progress_bar("evaluating") as report:
        result = evaluate_run(
            found, dataset=dataset, iw_samples=iw_samples, images=images, which="best" if best else "model",
            data_dir=data_dir, progress=report,
        )  # fmt: skip
    notes = notes_on(found.config, result)
    if not as_json:
        for note in notes:
            print(f"Note: {note}", file=sys.stderr)
    print_result(
        {**result, "notes": notes},
        as_json,
        lambda: table_of([{"figure": k, "value": short(v)} for k, v in result.items()]),
    )


def _drive(run: Run, data_dir: Path | None, as_json: bool) -> int:
    """Trains in this process, with a bar on standard error."""
    from vae_core.training.driver import Driver
    from vae_core.training.loop import Event, Stepped, Trainer

    with progress_bar("training") as report:

        def show(event: Event, trainer: Trainer) -> None:
            if isinstance(event, Stepped):
                loss = trainer.latest.get("loss")
                figures = "" if loss is None else f", {loss:.1f} nats on a held-out part"
                report(f"epoch {trainer.epoch:.1f}{figures}", event.step / trainer.total_steps)

        driver = Driver(run, data_dir=data_dir, on_event=show, progress=report)
        interrupts = Interrupts(lambda: setattr(driver, "stop_asked", True))
        status = driver.drive()
    for note in status.notes:
        print(f"Note: {note}", file=sys.stderr)
    result = _train_result(run, status)
    print_result(result, as_json, lambda: table_of([{"": key, "value": short(value)} for key, value in result.items()]))
    if status.state != "done":
        print(status.message or f"The run was {status.state}; 'resume {run.id}' goes on.", file=sys.stderr)
    if status.state == "diverged":
        print(_advice(run, data_dir), file=sys.stderr)
    interrupts.end()
    return 0 if status.state == "done" else 1


def _advice(run: Run, data_dir: Path | None) -> str:
    """The command that trains on after a divergence."""
    runs = None if in_usual_place(run) else run.folder.parent
    command = cli_sweep.train_command(remedy(run), runs, data_dir, always=("lr",))
    return f"To go on with a smaller learning rate: {command}"


def _train_result(run: Run, status: Status) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "steps": status.step,
        "seconds": status.seconds,
        "images_per_second": status.images_per_second,
        "state": status.state,
    }
