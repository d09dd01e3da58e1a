"""The table: a line a run, only the settings that differ, each figure with its difference to the base run; and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.common.held_out import PART
from pages.compare.compared import Compared, Standing, word
from vae_core.evaluation.comparison import Point
from vae_core.figures import FIGURES
from vae_core.viz.comparison_table import csv_of, difference_table

IW_SAMPLES = 64
ROW_HEIGHT, MOST_HEIGHT = 35, 560
DIFFERENCE = " - base"


def table(found: Compared, standings: Sequence[Standing]) -> None:
    """Draws the table, its CSV, and the button that asks for the importance-weighted NLL."""
    points = [one.point for one in standings if one.point is not None]
    if not points:
        st.info("As soon as a run has been evaluated its line stands here.", icon=":material/hourglass_empty:")
        return
    rows = difference_table(points, {run.id: run.config for run in found.runs}, found.base.id)
    height = min(MOST_HEIGHT, ROW_HEIGHT * (len(rows) + 1) + 3)
    st.dataframe(rows, hide_index=True, height=height, key="compare-table", column_config=_columns(rows))
    waiting = len(found.runs) - len(points)
    st.caption(
        "Nats per image but for active units and MSE; Δ is the difference to the base run. Figures are those of the whole "
        f"test split where a run is done, else, while it trains, of {PART}."
        + _importance(points)
        + (f" {waiting} of {len(found.runs)} runs have no figure yet." if waiting else "")
    )
    with st.container(horizontal=True):
        st.download_button(
            "CSV", lambda: csv_of(rows), file_name="compare.csv", mime="text/csv", icon=":material/table:",
            key="compare-csv", on_click="ignore",
        )  # fmt: skip
        st.button(
            "Importance-weighted NLL", key="iw", icon=":material/calculate:", on_click=_want_iw,
            disabled="iw_samples" in st.session_state or all(point.kl_nats is None for point in points),
            help=f"A tighter bound on -log p(x), with {IW_SAMPLES} samples an image; takes some seconds a run.",
        )  # fmt: skip


def _importance(points: Sequence[Point]) -> str:
    """How the importance-weighted NLL of the table was estimated; empty if it shows none."""
    counts = sorted({point.iw_samples for point in points if point.iw_samples is not None})
    if not counts:
        return ""
    return f" IW-NLL: {' or '.join(map(str, counts))} importance samples an image, drawn with each run's own seed."


def _want_iw() -> None:
    st.session_state.iw_samples = IW_SAMPLES


def _columns(rows: pd.DataFrame) -> dict[str, Any]:
    """How each column is called and written."""
    found: dict[str, Any] = {}
    for name in rows.columns:
        figure, is_difference = name.removesuffix(DIFFERENCE), name.endswith(DIFFERENCE)
        if figure not in FIGURES:
            found[name] = st.column_config.TextColumn(name if name == "run" else word(name))
            continue
        row = FIGURES[figure]
        label = f"Δ {row.column}" if is_difference else row.column
        number = f"%{'+' if is_difference else ''}{row.format}"
        found[name] = st.column_config.NumberColumn(label, format=number, help=row.help)
    return found
