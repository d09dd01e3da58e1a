"""The table of a comparison, with differences to the base run, and tables as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from vae_core.config import RunConfig
from vae_core.evaluation.comparison import FIGURES, Point, differing_fields
from vae_core.evaluation.findings import shown_value

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def difference_table(
    points: Sequence[Point], configs: Mapping[str, RunConfig], base: str | None = None
) -> pd.DataFrame:
    """A row a run: what differs among their settings, their figures, and how far each is from the base's.

    Args:
        points: as from `point_of`.
        configs: of each point's run, by its id.
        base: id of the run that the others are set against; None, or one that is not there, leaves the differences out.

    Returns:
        Columns `run`, the differing fields, each figure that any run has, and `... - base` for each of these. Cells of a
        figure that a run lacks are NaN.
    """
    fields = differing_fields([configs[point.run_id] for point in points])
    names = [name for name in FIGURES if any(point.figure(name) is not None for point in points)]
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
    """A table as CSV; text that a spreadsheet would take for a formula stands behind an apostrophe."""
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
