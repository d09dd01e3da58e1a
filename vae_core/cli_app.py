"""The command line's program, and what its commands share: common options, and how a result is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from vae_core.storage.files import finite

Runs = Annotated[Path | None, typer.Option("--runs", metavar="DIR", help="Folder of the runs. Default: checkpoints.")]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="Folder of the full datasets. Default: data.")
]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, or its id under --runs.")]

OtherDataset = Annotated[
    str | None, typer.Option("--dataset", metavar="NAME", help="Other images than those it was trained on.")
]

app = typer.Typer(
    name="vae_core",
    help="Train, evaluate and compare autoencoders and beta-VAEs on images. All losses are nats per image.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def print_result(result: dict[str, Any], as_json: bool, text: Callable[[], str | Table]) -> None:
    """One JSON object, or a text or table for people."""
    if as_json:
        print(json.dumps(finite(result), allow_nan=False))
    else:
        Console(markup=False, highlight=False, emoji=False).print(text())


def table_of(rows: list[dict[str, Any]], columns: dict[str, str] | None = None) -> Table:
    """A table of these columns, by the rows' keys and what stands above them; left out, of all."""
    columns = columns or {key: key for key in (rows[0] if rows else {})}
    table = Table(box=None, header_style="bold")
    for title in columns.values():
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(str(row[key]) for key in columns))
    return table


def short(value: Any) -> str:
    """A value for people: four decimals."""
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(short, value)) if isinstance(value, list | tuple) else str(value)
