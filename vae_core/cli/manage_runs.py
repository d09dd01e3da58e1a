"""The commands that keep runs in order: list, delete and restore, copy and rename, export and import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vae_core.archives import archive
from vae_core.cli.output import Json, RunName, Runs, app, print_result, table_of
from vae_core.errors import ConfigError
from vae_core.storage import files, paths, trash
from vae_core.storage.listing import Summary, summaries
from vae_core.storage.lookup import check_single, find_run
from vae_core.storage.runs import Run, edit_notes

LISTED = ("run", "name", "state", "step", "dataset", "model", "latent", "beta", "nats")
commands = typer.Typer(rich_markup_mode=None)
app.add_typer(commands, name="runs")

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write; one of that name is replaced.")]


def _root(ctx: typer.Context, runs: Path | None) -> Path:
    """The folder that the command names, or else the one named before it: `runs --runs DIR delete RUN`."""
    return paths.runs_folder(runs or (ctx.obj or {}).get("runs"))


def _as_json(ctx: typer.Context, as_json: bool) -> bool:
    return as_json or bool((ctx.obj or {}).get("as_json"))


@commands.callback(invoke_without_command=True)
def runs_command(ctx: typer.Context, runs: Runs = None, as_json: Json = False) -> None:
    """All runs, the newest first; and what keeps them in order."""
    ctx.obj = {"runs": runs, "as_json": as_json}
    if ctx.invoked_subcommand is not None:
        return
    found, problems = summaries(paths.runs_folder(runs))
    rows = [_row(summary) for summary in found]
    for problem in [*problems, *(_unverified(summary) for summary in found if not summary.verified)]:
        typer.echo(problem, err=True)
    shown = [row | {"nats": "" if row["nats"] is None else f"{row['nats']:.1f}"} for row in rows]
    print_result({"runs": rows}, as_json, lambda: table_of(shown, {column: column for column in LISTED}))


@commands.command()
def delete(
    ctx: typer.Context,
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs' names, ids or folders.")],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Move runs to the trash. A running one must be stopped first; shipped ones stay."""
    root = _root(ctx, runs)
    found = [find_run(given, root) for given in run]  # all are there, or none is touched
    found = list({each.folder: each for each in found}.values())  # the same one may be named twice
    for each in found:
        trash.check_deletable(each)
    rows = [_trash_row(trash.delete(each)) for each in found]
    lines = [f"{row['run']} is in the trash; 'runs restore {row['trashed']}' brings it back." for row in rows]
    print_result({"deleted": rows}, _as_json(ctx, as_json), lambda: "\n".join(lines))


@commands.command("trash")
def trash_command(ctx: typer.Context, runs: Runs = None, as_json: Json = False) -> None:
    """What lies in the trash, the last deleted first."""
    rows = [_trash_row(each) for each in trash.list_trash(_root(ctx, runs))]
    result = {"trash": rows, "bytes": sum(row["bytes"] for row in rows)}
    columns = {name: name for name in ("trashed", "name", "bytes")}
    print_result(result, _as_json(ctx, as_json), lambda: table_of(rows, columns))


@commands.command()
def restore(
    ctx: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run in the trash: its id there, the one it had, or its name.")
    ],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Bring a run back from the trash; under a new id where its own is taken by now."""
    root = _root(ctx, runs)
    restored = trash.restore(root, _in_trash(run, root))
    print_result(_whole(restored), _as_json(ctx, as_json), lambda: f"{restored.id} is back.")


@commands.command("empty-trash")
def empty_trash(ctx: typer.Context, runs: Runs = None, as_json: Json = False) -> None:
    """Remove for good what lies in the trash."""
    freed = trash.empty(_root(ctx, runs))
    print_result({"bytes": freed}, _as_json(ctx, as_json), lambda: f"Freed {freed / 1e6:,.1f} MB.")


@commands.command()
def rename(
    ctx: typer.Context,
    run: RunName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people: one line, any text.")],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Give a run another name; its id and all it holds stay."""
    found = find_run(run, _root(ctx, runs))
    edit_notes(found, name=name)
    print_result(_whole(found), _as_json(ctx, as_json), lambda: f"{found.id} is called {found.name}")


@commands.command()
def copy(ctx: typer.Context, run: RunName, runs: Runs = None, as_json: Json = False) -> None:
    """Make a copy of a run, shipped ones among them, to be changed."""
    root = _root(ctx, runs)
    made = archive.copy_run(find_run(run, root), root)
    print_result(_whole(made), _as_json(ctx, as_json), lambda: f"The copy is {made.id}.")


@commands.command()
def export(
    ctx: typer.Context,
    run: RunName,
    out: Out,
    weights: Annotated[bool, typer.Option("--weights", help="The weights alone, as safetensors.")] = False,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Write a run as one file (.zip), or its weights alone with the configuration in the header (.safetensors)."""
    _check_out(out, ".safetensors" if weights else ".zip")
    found = find_run(run, _root(ctx, runs))
    content = archive.export_weights(found) if weights else archive.export_run(found)
    files.write_atomic(out, content)
    result = {"run": str(found.folder), "out": str(out), "bytes": len(content), "sha256": files.digest(content)}
    print_result(result, _as_json(ctx, as_json), lambda: f"{found.id} is in {out}, {len(content) / 1e6:,.1f} MB.")


@commands.command("import")
def import_command(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What 'runs export' wrote.")],
    name: Annotated[str | None, typer.Option("--name", help="A name in place of the one it brings.")] = None,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Make a run of an exported file; everything in it is checked before."""
    from vae_core.archives.importing import import_run

    try:
        stream = file.open("rb")
    except (OSError, ValueError) as error:  # a name with NUL in it is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The file {str(file)!r} cannot be read ({reason}); name another one.") from error
    with stream:
        made = import_run(_root(ctx, runs), stream, name)
    print_result(_whole(made), _as_json(ctx, as_json), lambda: f"It is here as {made.id}.")


@commands.command()
def check(ctx: typer.Context, run: RunName, runs: Runs = None, as_json: Json = False) -> None:
    """Check the weights of a folder that was copied in by hand, and write what proves them."""
    from vae_core.archives.importing import verify

    found = find_run(run, _root(ctx, runs))
    checked = verify(found.folder.parent, found.id)
    print_result(_whole(checked), _as_json(ctx, as_json), lambda: f"{checked.id} is whole.")


def _in_trash(given: str, root: Path) -> str:
    """The id in the trash of a run called by that id, by the id it had (the last deleted one), or by its name."""
    found = trash.list_trash(root)
    by_id = [each.id for each in found if given in (each.id, each.run_id)]
    named = [each.id for each in found if each.name == given]
    if not by_id:
        check_single(named, f"runs in the trash are called {given!r}")
    return [*by_id, *named, given][0]


def _check_out(out: Path, ending: str) -> None:
    if out.suffix.lower() != ending:
        raise ConfigError(f"--out must name a file that ends in {ending}, not {out.name!r}.")
    if not out.parent.is_dir():
        raise ConfigError(f"The folder {str(out.parent)!r} of --out is not there; make it or name another one.")


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


def _whole(run: Run) -> dict[str, Any]:
    return {"run": run.id, "folder": str(run.folder), "name": run.notes().name, "state": run.state()}
