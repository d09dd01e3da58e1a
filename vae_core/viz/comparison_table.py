"""The table of a comparison, with differences from a base run, and tables as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from vae_core.config import RunConfig
from vae_core.evaluation.comparison import COMPARED, Point, differing_fields
from vae_core.evaluation.findings import shown_value

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def difference_table(
    points: Sequence[Point], configs: Mapping[str, RunConfig], base: str | None = None
) -> pd.DataFrame:
    """One row per run: the settings that differ, the figures, and their differences from those of the base run.

    Args:
        points: from `point_of`.
        configs: the configuration of each point's run, by run id.
        base: id of the run to compare the others with; None, or an id that is not among them, leaves the differences out.

    Returns:
        Columns `run`, the differing fields, each figure that any run has, and `... - base` for each of these. Figures
        that a run lacks are NaN.
    """
    fields = differing_fields([configs[point.run_id] for point in points])
    names = [name for name in COMPARED if any(point.figure(name) is not None for point in points)]
    pinned = next((point for point in points if point.run_id == base), None)
    rows = []
    for index, point in enumerate(points):
        row: dict[str, Any] = {"run": point.run_id}
        row |= {name: shown_value(column[index]) for name, column in fields.items()}
        row |= {name: point.figure(name) for name in names}
        if pinned is not None:
            row |= {f"{name} - base": _difference(point.figure(name), pinned.figure(name)) for name in names}
        rows.append(row)
    figures = [*names, *(f"{name} - base" for name in names if pinned is not None)]
    return pd.DataFrame(rows, columns=["run", *fields, *figures]).astype(dict.fromkeys(figures, "float64"))


def _difference(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def csv_of(table: pd.DataFrame) -> str:
    """A table as CSV; text that a spreadsheet would take for a formula gets an apostrophe in front."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return stream.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.9g}"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
