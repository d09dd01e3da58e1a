"""The commands that write a run as one file, make a run of such a file, and check a folder that was copied in."""

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
    weights: Annotated[bool, typer.Option("--weights", help="The weights alone, as safetensors.")] = False,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Write a run as one file (.zip), or its weights alone with the configuration in the header (.safetensors)."""
    check_out(out, ".safetensors" if weights else ".zip")
    found = find_run(run, paths.runs_folder(runs))
    content = archive.export_weights(found) if weights else archive.export_run(found)
    files.write_atomic(out, content)
    result = {"run": str(found.folder), "out": str(out), "bytes": len(content), "sha256": files.digest(content)}
    print_result(result, as_json, lambda: f"{found.id} is in {out}, {len(content) / 1e6:,.1f} MB.")


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that 'runs export' wrote.")],
    name: Annotated[str | None, typer.Option("--name", help="A name instead of the one in the file.")] = None,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Import a run from an exported file, after checking everything in it."""
    try:
        stream = file.open("rb")
    except (OSError, ValueError) as error:  # a name with NUL in it is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The file {str(file)!r} cannot be read ({reason}); name another one.") from error
    from vae_core.archives.importing import import_run

    with stream:
        made = import_run(paths.runs_folder(runs), stream, name)
    print_result(described(made), as_json, lambda: f"It is here as {made.id}.")


@app.command()
def check(run: RunName, runs: Runs = None, as_json: Json = False) -> None:
    """Check the weights of a folder that was copied in by hand, and write the manifest that vouches for them."""
    found = find_run(run, paths.runs_folder(runs))
    from vae_core.archives.importing import verify

    checked = verify(found.folder.parent, found.id)
    print_result(described(checked), as_json, lambda: f"{checked.id} is whole.")
