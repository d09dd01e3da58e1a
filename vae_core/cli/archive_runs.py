"""The commands that export a run as one file, import such a file, and check a folder that was copied in by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vae_core.archives import archive
from vae_core.cli.manage_runs import described
from vae_core.cli.options import Json, RunName, Runs, check_out, out_file
from vae_core.cli.output import print_result
from vae_core.errors import ConfigError
from vae_core.storage import files, paths
from vae_core.storage.find_runs import find_run

app = typer.Typer(rich_markup_mode=None)


@app.command()
def export(
    run: RunName,
    out: Annotated[Path, out_file()],
    weights: Annotated[bool, typer.Option("--weights", help="Export only the weights, as safetensors.")] = False,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Export a run as one file (.zip), or only its weights with the configuration in the header (.safetensors)."""
    check_out(out, ".safetensors" if weights else ".zip")
    exported = find_run(run, paths.runs_folder(runs))
    content = archive.export_weights(exported) if weights else archive.export_run(exported)
    files.write_atomic(out, content)
    result = {"run": str(exported.folder), "out": str(out), "bytes": len(content), "sha256": files.digest(content)}
    print_result(result, as_json, lambda: f"{exported.id} was exported to {out}, {len(content) / 1e6:,.1f} MB.")


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file written by 'runs export'.")],
    name: Annotated[str | None, typer.Option("--name", help="Use this name instead of the one in the file.")] = None,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Import a run from an exported file, after checking everything in it."""
    try:
        stream = file.open("rb")
    except (OSError, ValueError) as error:  # a name with NUL in it is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The file {str(file)!r} cannot be read ({reason}); name a different one.") from error
    from vae_core.archives.importing import import_run

    with stream:
        imported = import_run(paths.runs_folder(runs), stream, name)
    print_result(described(imported), as_json, lambda: f"The run was imported as {imported.id}.")


@app.command()
def check(run: RunName, runs: Runs = None, as_json: Json = False) -> None:
    """Check the weights of a folder that was copied in by hand, and write a manifest that marks them as checked."""
    copied = find_run(run, paths.runs_folder(runs))
    from vae_core.archives.importing import verify

    checked = verify(copied.folder.parent, copied.id)
    print_result(described(checked), as_json, lambda: f"{checked.id} is complete and valid.")
