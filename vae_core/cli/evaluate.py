"""The command that evaluates a run on the test split."""

from __future__ import annotations

from typing import Annotated

import typer

from vae_core.cli.options import BestOption, Json, KeepOption, RunOnData, check_keep, expand_options
from vae_core.cli.output import print_note, print_result, progress_bar, table_of_values
from vae_core.evaluation.run_figures import figures_of, notes_on

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_options
def evaluate(
    target: RunOnData,
    iw_samples: Annotated[
        int | None,
        typer.Option("--iw-samples", help="Also estimate -log p(x), with this many importance samples per image."),
    ] = None,
    images: Annotated[
        int | None,
        typer.Option("--images", help="Use only this many test images, always the same ones. Default: all."),
    ] = None,
    best: BestOption = False,
    keep: KeepOption = False,
    as_json: Json = False,
) -> None:
    """Evaluate a run on the test split, in nats per image."""
    check_keep(keep, dataset=target.dataset is not None, images=images is not None, best=best)
    run = target.find()
    from vae_core.evaluation.trained import evaluate_run

    with progress_bar("evaluating") as report:
        if keep:
            figures = figures_of(run, iw_samples=iw_samples, data_dir=target.data_dir, progress=report)
            result = {"run": str(run.folder), **figures.as_result()}
        else:
            result = evaluate_run(
                run, dataset=target.dataset, iw_samples=iw_samples, images=images, which="best" if best else "model",
                data_dir=target.data_dir, progress=report,
            )  # fmt: skip
    notes = notes_on(run.config, result["floor_nats"])
    if not as_json:
        for note in notes:
            print_note(note)
    print_result({**result, "notes": notes}, as_json, lambda: table_of_values(result))
