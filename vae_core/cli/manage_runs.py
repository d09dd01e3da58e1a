"""The commands that list and manage runs: delete and restore, rename and copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from vae_core.archives import archive
from vae_core.cli.lazy import LazyGroup
from vae_core.cli.options import Json, RunName, Runs
from vae_core.cli.output import print_result, table_of
from vae_core.storage import paths, trash
from vae_core.storage.find_runs import check_single, find_run
from vae_core.storage.run_summaries import Summary, summaries
from vae_core.storage.runs import Run, edit_notes

LISTED = ("run", "name", "state", "step", "dataset", "model", "latent", "beta", "nats")


class RunsGroup(LazyGroup):
    """The commands of this module, and those for archives, whose module loads torch to build networks."""

    modules: ClassVar = {
        "export": ("archive_runs", "Write a run as one file."),
        "import": ("archive_runs", "Import a run from an exported file."),
        "check": ("archive_runs", "Check a run's folder that was copied in by hand."),
    }


app = typer.Typer(rich_markup_mode=None)
commands = typer.Typer(cls=RunsGroup, rich_markup_mode=None)
app.add_typer(commands, name="runs")


@commands.callback(invoke_without_command=True)
def runs_command(ctx: typer.Context, runs: Runs = None, as_json: Json = False) -> None:
    """List all runs, newest first, or run one of the commands below."""
    if ctx.invoked_subcommand is not None:  # which takes --runs and --json from here as well
        ctx.default_map = {ctx.invoked_subcommand: {"runs": runs, "as_json": as_json}}
        return
    listed, problems = summaries(paths.runs_folder(runs))
    rows = [_row(summary) for summary in listed]
    for problem in [*problems, *(_unverified(summary) for summary in listed if not summary.verified)]:
        typer.echo(problem, err=True)
    shown = [row | {"nats": "" if row["nats"] is None else f"{row['nats']:.1f}"} for row in rows]
    print_result({"runs": rows}, as_json, lambda: table_of(shown, {column: column for column in LISTED}))


@commands.command()
def delete(
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="The runs' names, ids or folders.")],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Move runs to the trash. A run that is training must be stopped first; shipped runs cannot be deleted."""
    root = paths.runs_folder(runs)
    named = [find_run(given, root) for given in run]  # if one is missing, none is touched
    distinct = list({each.folder: each for each in named}.values())  # a run may be named twice
    for each in distinct:
        trash.check_deletable(each)
    rows = [_trash_row(trash.delete(each)) for each in distinct]
    lines = [f"{row['run']} is in the trash; 'runs restore {row['trashed']}' restores it." for row in rows]
    print_result({"deleted": rows}, as_json, lambda: "\n".join(lines))


@commands.command("trash")
def trash_command(runs: Runs = None, as_json: Json = False) -> None:
    """List the runs in the trash, most recently deleted first."""
    rows = [_trash_row(each) for each in trash.list_trash(paths.runs_folder(runs))]
    result = {"trash": rows, "bytes": sum(row["bytes"] for row in rows)}
    columns = {name: name for name in ("trashed", "name", "bytes")}
    print_result(result, as_json, lambda: table_of(rows, columns))


@commands.command()
def restore(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run in the trash: its id in the trash, its former id, or its name.")
    ],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Restore a run from the trash, under a new id if its own has been taken since."""
    root = paths.runs_folder(runs)
    restored = trash.restore(root, _in_trash(run, root))
    print_result(described(restored), as_json, lambda: f"{restored.id} is restored.")


@commands.command("empty-trash")
def empty_trash(runs: Runs = None, as_json: Json = False) -> None:
    """Delete the runs in the trash for good."""
    freed = trash.empty(paths.runs_folder(runs))
    print_result({"bytes": freed}, as_json, lambda: f"Freed {freed / 1e6:,.1f} MB.")


@commands.command()
def rename(
    run: RunName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name: any text in one line.")],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Rename a run. Its id and its contents stay the same."""
    renamed = find_run(run, paths.runs_folder(runs))
    edit_notes(renamed, name=name)
    print_result(described(renamed), as_json, lambda: f"{renamed.id} is now called {renamed.name}.")


@commands.command()
def copy(run: RunName, runs: Runs = None, as_json: Json = False) -> None:
    """Copy a run, to change the copy. Shipped runs can be copied too."""
    root = paths.runs_folder(runs)
    copied = archive.copy_run(find_run(run, root), root)
    print_result(described(copied), as_json, lambda: f"The copy is {copied.id}.")


def _in_trash(given: str, root: Path) -> str:
    """The id in the trash of the run with that id, that former id (the last deleted one), or that name."""
    trashed = trash.list_trash(root)
    by_id = [each.id for each in trashed if given in (each.id, each.run_id)]
    named = [each.id for each in trashed if each.name == given]
    if not by_id:
        check_single(named, f"runs in the trash are called {given!r}")
    return [*by_id, *named, given][0]


def _unverified(summary: Summary) -> str:
    return f"{summary.id}: its weights have no manifest, so they are not used; 'runs check {summary.id}' checks them."


def _row(summary: Summary) -> dict[str, Any]:
    config = summary.run.config
    return {
        "run": summary.id,
        "folder": str(summary.run.folder),
        "name": summary.notes.name,
        "state": summary.state,
        "step": summary.status.step,
        "total_steps": summary.status.total_steps,
        "parent": config.parent,
        **config.flat(),
        "nats": summary.nats,
        "bytes": summary.bytes,
        "shipped": summary.shipped,
        "verified": summary.verified,
    }


def _trash_row(each: trash.Trashed) -> dict[str, Any]:
    return {"run": each.run_id, "trashed": each.id, "name": each.name, "deleted": each.when, "bytes": each.bytes}


def described(run: Run) -> dict[str, Any]:
    """A run as the JSON result of the commands that create or change one."""
    return {"run": run.id, "folder": str(run.folder), "name": run.notes().name, "state": run.state()}
