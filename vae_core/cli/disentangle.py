"""The command that tells how well a run's codes separate the factors that made the images."""

from __future__ import annotations

from typing import Annotated

import typer

from vae_core.cli.config_options import progress_bar
from vae_core.cli.output import DataDir, Json, RunName, Runs, app, print_result, short, table_of
from vae_core.errors import ConfigError
from vae_core.storage import paths
from vae_core.storage.lookup import find_run
from vae_core.types import DciModel


@app.command()
def disentangle(
    run: RunName,
    dataset: Annotated[str | None, typer.Option(help="Another dataset than the one it was trained on.")] = None,
    best: Annotated[bool, typer.Option("--best", help="The best held-out weights in place of the final ones.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the metrics' own draws.")] = 0,
    dci_model: Annotated[
        DciModel,
        typer.Option(
            "--dci-model",
            help="What DCI is computed from: a forest of 10 trees (seconds), or gradient boosting as in disentanglement_lib "
            "(minutes), whose figures can be set beside published ones. Figures of the two differ.",
        ),
    ] = "forest",
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """MIG, DCI and FactorVAE score of the test images' codes; needs known factors, as sprites have them."""
    if not 0 <= seed < 2**32:
        raise ConfigError(f"--seed must be 0 to {2**32 - 1}, not {seed}.")
    found = find_run(run, paths.runs_folder(runs))
    from vae_core.evaluation.factor_scores import disentangle_run

    with progress_bar("disentangling") as report:
        which = "best" if best else "model"
        result = disentangle_run(
            found,
            dataset=dataset,
            which=which,
            seed=seed,
            dci_model=dci_model,
            data_dir=data_dir,
            progress=report,
        )
    names = {key: f"{key} ({result['dci_model']})" for key in result if key.startswith("dci_") and key != "dci_model"}
    rows = [{"figure": names.get(key, key), "value": short(value)} for key, value in result.items()]
    print_result(result, as_json, lambda: table_of(rows))
