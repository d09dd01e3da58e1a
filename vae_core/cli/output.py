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
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, id or folder.")]

UNLIMITED = 1_000_000
"""Columns of characters that no table needs."""

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


Part = str | Table


def print_result(result: dict[str, Any], as_json: bool, text: Callable[[], Part | list[Part]]) -> None:
    """Prints one JSON object, or text and tables for people.

    Lines of text are never wrapped here. A table fits the terminal by wrapping what has spaces, and is as wide as it
    needs to be where the output is no terminal.
    """
    if as_json:
        print(json.dumps(finite(result), allow_nan=False))
        return
    console = Console(markup=False, highlight=False, emoji=False)
    parts = text()
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part, str):
            console.print(part, soft_wrap=True)
        else:
            console.width = _width(console, part)
            console.print(part, crop=False)


def _width(console: Console, table: Table) -> int:
    wanted = table.__rich_measure__(console, console.options.update(width=UNLIMITED))
    return max(wanted.minimum, console.width) if console.is_terminal else wanted.maximum


def table_of(rows: list[dict[str, Any]], columns: dict[str, str] | None = None) -> Table:
    """A table of these columns, given as the rows' keys and their titles; by default of all.

    Only columns with spaces in their values may be wrapped, so that an id, a path or a number stays in one piece.
    """
    columns = columns or {key: key for key in (rows[0] if rows else {})}
    table = Table(box=None, header_style="bold")
    values = {key: [_one_line(row[key]) for row in rows] for key in columns}
    for key, title in columns.items():
        table.add_column(title, overflow="fold", no_wrap=not any(" " in value for value in values[key]))
    for cells in zip(*values.values(), strict=True):
        table.add_row(*cells)
    return table


def _one_line(value: Any) -> str:
    """A value without control characters: names of files and of runs come from elsewhere."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in str(value))


def short(value: Any) -> str:
    """A value for people: four decimals."""
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(short, value)) if isinstance(value, list | tuple) else str(value)
