"""What the commands print: one JSON object, or text and tables; notes; and a progress bar."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from vae_core.cli import json_lines
from vae_core.storage.files import finite

UNLIMITED = 1_000_000
"""Columns of characters that no table needs."""

Part = str | Table
Report = Callable[[str, float], None]
"""Shows progress: a short text, and the share that is done, from 0 to 1."""


def print_result(result: dict[str, Any], as_json: bool, text: Callable[[], Part | list[Part]]) -> None:
    """Prints `result` as one JSON object, or else `text` and its tables; with `--json-lines` always as a JSON line.

    Lines of text are never wrapped. On a terminal, a table fits the width by wrapping values that contain spaces;
    elsewhere it is as wide as it needs to be.
    """
    if json_lines.is_on():
        json_lines.write_result(result)
        return
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


def print_note(text: str) -> None:
    """Prints a note on standard error."""
    print(f"Note: {text}", file=sys.stderr)


def table_of(rows: list[dict[str, Any]], columns: dict[str, str] | None = None) -> Table:
    """A table of rows.

    Only columns whose values contain spaces may be wrapped, so that an id, a path or a number stays in one piece.

    Args:
        columns: the keys to show and their titles; by default all keys, as their own titles.
    """
    columns = columns or {key: key for key in (rows[0] if rows else {})}
    table = Table(box=None, header_style="bold")
    values = {key: [_printable(row[key]) for row in rows] for key in columns}
    for key, title in columns.items():
        table.add_column(title, overflow="fold", no_wrap=not any(" " in value for value in values[key]))
    for cells in zip(*values.values(), strict=True):
        table.add_row(*cells)
    return table


def table_of_values(values: dict[str, Any], title: str = "figure") -> Table:
    """A table with one line per value; `title` heads the column of their names."""
    return table_of([{title: name, "value": value_text(value)} for name, value in values.items()])


def _printable(value: Any) -> str:
    """A value as one line without control characters, since names of files and runs may come from anyone."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value))


def value_text(value: Any) -> str:
    """A value as text: numbers with four decimals, lists separated by commas."""
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(value_text, value)) if isinstance(value, list | tuple) else str(value)


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """Shows a bar on standard error and removes it at the end; shows nothing if standard error is no terminal.

    With `--json-lines`, the progress goes to standard output instead.
    """
    if json_lines.is_on():
        yield json_lines.ProgressWriter()
        return
    console = Console(stderr=True, markup=False, emoji=False)
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=1.0)

        def report(text: str, share: float) -> None:
            progress.update(task, description=text, completed=share)

        yield report
