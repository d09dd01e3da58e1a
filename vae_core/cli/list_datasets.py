"""The command that lists the datasets."""

from __future__ import annotations

import dataclasses

import typer

from vae_core.cli.options import DataDir, Json
from vae_core.cli.output import print_result, table_of
from vae_core.data import catalogue

app = typer.Typer(rich_markup_mode=None)


@app.command()
def datasets(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the datasets on this machine and those that can be downloaded."""
    rows = [dataclasses.asdict(row) for row in catalogue.describe(data_dir)]
    print_result(
        {"datasets": rows}, as_json, lambda: table_of(rows, {"name": "name", "title": "what", "where": "where"})
    )
