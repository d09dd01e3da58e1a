"""The commands that list datasets, and import, inspect, rename and delete those of the user's own pictures."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vae_core.cli.options import DataDir, Json, OptionGroup, Runs, check_out, expand_options
from vae_core.cli.output import print_note, print_result, progress_bar, table_of
from vae_core.cli.signals import Interrupts
from vae_core.data import catalogue
from vae_core.data.own import picture_import, stored
from vae_core.data.own.import_settings import ImportSettings, make_settings
from vae_core.data.own.inspecting import inspect
from vae_core.errors import ConfigError, NameInvalid, RunStateError
from vae_core.storage import files, paths
from vae_core.storage.runs import list_runs

LISTED, SHOWN = 5, 20

app = typer.Typer(rich_markup_mode=None)
commands = typer.Typer(rich_markup_mode=None)
app.add_typer(commands, name="datasets")


def _option(name: str, metavar: str) -> Any:
    info = ImportSettings.model_fields[name]
    text = str(info.description)
    default = "" if info.default is None else f" Default: {info.default}."
    return typer.Option(f"--{name.replace('_', '-')}", metavar=metavar, help=f"{text}{default}")


@dataclass(frozen=True)
class ImportOptions(OptionGroup):
    """How pictures are prepared and divided. All are taken as text, so that each range has one check and one sentence."""

    size: Annotated[str | None, _option("size", "N")] = None
    colour: Annotated[str | None, _option("colour", "auto|grey|colour")] = None
    fit: Annotated[str | None, _option("fit", "crop|pad|stretch")] = None
    background: Annotated[str | None, _option("background", "COLOUR")] = None
    range: Annotated[str | None, _option("range", "type|data")] = None
    held_out: Annotated[str | None, _option("held_out", "SHARE")] = None
    seed: Annotated[str | None, _option("seed", "N")] = None

    def settings(self) -> ImportSettings:
        """The settings; raises ConfigError if one is out of range."""
        return make_settings(**dataclasses.asdict(self))


Pictures = Annotated[
    Path, typer.Argument(metavar="PATH", help="A folder, a zip, an npy, npz, IDX or parquet file, or a CSV.")
]
Dataset = Annotated[str, typer.Argument(metavar="NAME", help="The dataset's name.")]


@commands.callback(invoke_without_command=True)
def datasets(ctx: typer.Context, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the datasets that are here and those that can be downloaded, or do one of the commands below."""
    if ctx.invoked_subcommand is not None:  # which takes --data-dir and --json from here as well
        ctx.default_map = {ctx.invoked_subcommand: {"data_dir": data_dir, "as_json": as_json}}
        return
    rows = [dataclasses.asdict(row) for row in catalogue.describe(data_dir)]
    for problem in stored.problems(paths.data_folder(data_dir)):
        typer.echo(problem, err=True)
    print_result(
        {"datasets": rows}, as_json, lambda: table_of(rows, {"name": "name", "title": "what", "where": "where"})
    )


@commands.command()
@expand_options
def add(
    path: Pictures,
    options: ImportOptions,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What to call the dataset.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Import pictures as a dataset. Ctrl-C stops the import, and the same command goes on where it was."""
    settings, data_folder = options.settings(), paths.data_folder(data_dir)
    chosen = (
        picture_import.free_name(path, data_folder, tuple(catalogue.SOURCES))
        if name is None
        else stored.check_name(name)
    )
    check_not_registered(chosen)
    interrupts = Interrupts()
    with progress_bar("importing") as report:
        outcome = picture_import.add(
            path, chosen, settings, data_folder, report=report, stopped=lambda: interrupts.received is not None
        )
    if outcome is None:
        print("The import was stopped; the same command goes on where it was.", file=sys.stderr)
        interrupts.end()
        return 1
    for note in outcome.notes:
        print_note(note)
    print_result(_added(outcome), as_json, lambda: _summary(outcome))
    return 0


@commands.command("inspect")
@expand_options
def inspect_command(
    path: Pictures,
    options: ImportOptions,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write some of the pictures, as the model will see them, as PNG."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show what an import would find, and store nothing."""
    paths.data_folder(data_dir)  # which must exist, as for the other commands
    settings = options.settings()
    target = None if out is None else check_out(out, ".png")
    with progress_bar("looking") as report:
        found = inspect(path, settings, report=report)
    result = {
        "path": str(path),
        "kind": found.kind,
        "images": found.pictures,
        "looked_at": found.looked_at,
        "classes": found.classes,
        "splits": found.splits,
        "sizes": [{"width": width, "height": height, "images": count} for (width, height), count in found.sizes],
        "modes": found.modes,
        "size": found.settings.size,
        "rejected": [each._asdict() for each in found.rejected],
        "notes": found.notes,
    }
    if target is not None and len(found.samples):
        from vae_core.viz.grids import mosaic, png_bytes

        files.write_atomic(target, png_bytes(mosaic(found.samples, columns=8)))
    for note in found.notes:
        print_note(note)
    print_result(result, as_json, lambda: found.text())


@commands.command()
def rename(
    name: Dataset,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Rename an imported dataset. Its runs still find it."""
    check_not_registered(stored.check_name(new_name))
    source = stored.change_name(_own(name), new_name, paths.data_folder(data_dir))
    result = {"dataset": source.name, "folder": str(source.folder)}
    print_result(result, as_json, lambda: f"{name} is called {source.name}")


@commands.command()
def delete(
    name: Dataset,
    force: Annotated[bool, typer.Option("--force", help="Delete it even if runs need it.")] = False,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Delete an imported dataset for good. The pictures it was made from stay where they are."""
    data_folder = paths.data_folder(data_dir)
    source = stored.existing(_own(name), data_folder)
    needed = dependents(source, paths.named_runs_folder(runs))
    if needed and not force:
        more = f" and {len(needed) - LISTED} more" if len(needed) > LISTED else ""
        runs_need = "1 run needs" if len(needed) == 1 else f"{len(needed)} runs need"
        raise RunStateError(
            f"{runs_need} {source.name!r}: {', '.join(needed[:LISTED])}{more}; delete them first, or give --force."
        )
    freed = stored.delete(source.name, data_folder)
    result = {"dataset": source.name, "bytes": freed, "runs": needed}
    print_result(result, as_json, lambda: f"Deleted {source.name}, {freed / 1e6:,.1f} MB.")


def dependents(source: stored.OwnSource, root: Path) -> list[str]:
    """The ids of the runs under `root` that were trained on an imported dataset, under this name or a former one."""
    names = {source.name, *source.manifest.former_names}
    return [run.id for run in list_runs(root)[0] if run.config.data.dataset in names]


def check_not_registered(name: str) -> None:
    """Refuses a name that means another dataset.

    Raises:
        NameInvalid: it does.
    """
    if name.casefold() in catalogue.SOURCES or any(_claims(family, name) for family in catalogue.FAMILIES):
        raise NameInvalid(f"{name!r} is the name of a dataset that comes with the program; choose another name.")


def _claims(family: Any, name: str) -> bool:
    from vae_core.errors import DataError

    try:
        return family(name) is not None
    except DataError:
        return True


def _own(name: str) -> str:
    if name in catalogue.SOURCES:
        raise ConfigError(f"{name!r} comes with the program and stays as it is; name a dataset that was imported.")
    return name


def _added(outcome: picture_import.Outcome) -> dict[str, Any]:
    manifest = outcome.source.manifest
    return {
        "dataset": outcome.source.name,
        "folder": str(outcome.source.folder),
        "images": manifest.summary.train + manifest.summary.test,
        "held_out": manifest.summary.test,
        "shape": manifest.summary.shape,
        "classes": manifest.classes,
        "rejected": [each._asdict() for each in outcome.rejected],
        "duplicates": [{"file": copy, "same_as": first} for copy, first in outcome.copies],
        "digest": manifest.digest,
        "notes": outcome.notes,
    }


def _summary(outcome: picture_import.Outcome) -> Any:
    summary, name = outcome.source.manifest.summary, outcome.source.name
    channels, height, width = summary.shape
    kind = "grey" if channels == 1 else "colour"
    lines = [
        f"{name}: {summary.train:,} training and {summary.test:,} held-out pictures, {width} x {height}, {kind}, "
        f"{summary.classes:,} class{'es' if summary.classes > 1 else ''}. Train on them: train --dataset {name!r}"
    ]
    if not outcome.rejected:
        return lines
    more = f", the first {SHOWN}" if len(outcome.rejected) > SHOWN else ""
    table = table_of([each._asdict() for each in outcome.rejected[:SHOWN]])
    return [*lines, f"Not used, {len(outcome.rejected):,} in all{more}:", table]
