"""The commands that train one run: start it, continue it, make it longer."""

from __future__ import annotations

from typing import Annotated

import typer

from vae_core.cli.bring_in import bring_in
from vae_core.cli.config_options import ConfigOptions
from vae_core.cli.options import DataDir, Json, RunName, Runs, expand_options
from vae_core.cli.output import progress_bar
from vae_core.data.relocation import check_images_exist, relocate_dataset
from vae_core.errors import RunLocked
from vae_core.storage import paths
from vae_core.storage.checkpoints import check_resumable
from vae_core.storage.files import is_locked
from vae_core.storage.find_runs import find_run
from vae_core.storage.runs import extend_run

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_options
def train(
    settings: ConfigOptions,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN@STEP", help="Start from another run's checkpoint of this step."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="A name for the run, shown in lists.")] = "",
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Train a model at full speed. Ctrl-C stops it after the current step, with everything saved."""
    root = paths.runs_folder(runs)
    bring_in(settings, data_dir, choose=from_ is None)
    config = settings.config(root, parent=from_, data_dir=data_dir)
    from vae_core.cli.train_in_process import start

    return start(root, config, name, data_dir, as_json)


@app.command()
def resume(
    run: RunName,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Make the run longer: the new total number of epochs.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", metavar="PATH", help="New location of the dataset's file, which must hold the same images."
        ),
    ] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Continue a run where it stopped, or make it longer. A finished run is left unchanged, with status 0."""
    resumed = find_run(run, paths.runs_folder(runs))
    if is_locked(resumed.lock_path):
        raise RunLocked(f"The run {resumed.id!r} is being trained already; stop that first.")
    if dataset is not None:
        with progress_bar("loading") as report:
            resumed = relocate_dataset(resumed, dataset, data_dir, report)
    if epochs is not None:
        check_resumable(resumed.folder)
        check_images_exist(resumed, data_dir)
        resumed = extend_run(resumed, epochs)
    from vae_core.cli.train_in_process import continue_run

    return continue_run(resumed, data_dir, as_json)
