"""The command that scores how well a run's codes separate the generative factors of the images."""

from __future__ import annotations

from typing import Annotated

import typer

from vae_core.cli.options import BestOption, Json, KeepOption, RunOnData, Seed, check_keep, expand_options
from vae_core.cli.output import print_result, progress_bar, table_of_values
from vae_core.types import DciModel

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_options
def disentangle(
    target: RunOnData,
    best: BestOption = False,
    seed: Seed = 0,
    dci_model: Annotated[
        DciModel,
        typer.Option(
            "--dci-model",
            help="The regressor behind DCI: a forest of 10 trees (seconds), or gradient boosting as in "
            "disentanglement_lib (minutes), which published figures use. The two give different figures.",
        ),
    ] = "forest",
    keep: KeepOption = False,
    as_json: Json = False,
) -> None:
    """Compute MIG, DCI and the FactorVAE score of the test images' codes.

    The generative factors of the images must be known, as they are for sprites.
    """
    check_keep(keep, dataset=target.dataset is not None, seed=seed != 0, best=best)
    run = target.find()
    from vae_core.evaluation.factor_scores import disentangle_run, scores_of

    with progress_bar("disentangling") as report:
        if keep:
            scores = scores_of(run, dci_model=dci_model, data_dir=target.data_dir, progress=report)
            result = {"run": str(run.folder), **scores.as_result()}
        else:
            result = disentangle_run(
                run, dataset=target.dataset, which="best" if best else "model", seed=seed, dci_model=dci_model,
                data_dir=target.data_dir, progress=report,
            )  # fmt: skip
    print_result(result, as_json, lambda: table_of_values(_titled(result)))


def _titled(result: dict[str, object]) -> dict[str, object]:
    """The figures with the regressor named beside those of DCI."""
    return {
        f"{key} ({result['dci_model']})" if key.startswith("dci_") and key != "dci_model" else key: value
        for key, value in result.items()
    }
