"""The table: one row per run with the settings that differ and each figure's difference from the base run; also as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.common.held_out_text import HELD_OUT_PART
from pages.compare.comparison import Comparison, RunSnapshot, field_name
from vae_core.evaluation.comparison import Point
from vae_core.figures import FIGURES
from vae_core.viz.comparison_table import csv_of, difference_table

IW_SAMPLES = 64
ROW_HEIGHT, MOST_HEIGHT = 35, 560
DIFFERENCE = " - base"


def table(comparison: Comparison, snapshots: Sequence[RunSnapshot]) -> None:
    """Draws the table, its CSV download, and the button that computes the importance-weighted NLL."""
    points = [snapshot.point for snapshot in snapshots if snapshot.point is not None]
    if not points:
        st.info("A run appears here once it has been evaluated.", icon=":material/hourglass_empty:")
        return
    rows = difference_table(points, {run.id: run.config for run in comparison.runs}, comparison.base.id)
    height = min(MOST_HEIGHT, ROW_HEIGHT * (len(rows) + 1) + 3)
    st.dataframe(rows, hide_index=True, height=height, key="compare-table", column_config=_columns(rows))
    waiting = len(comparison.runs) - len(points)
    st.caption(
        "In nats per image, except active units and MSE; Δ is the difference from the base run. Figures of finished runs use "
        f"the whole test split; those of runs still training use {HELD_OUT_PART}."
        + _importance(points)
        + (f" {waiting} of {len(comparison.runs)} runs have no figures yet." if waiting else "")
    )
    with st.container(horizontal=True):
        st.download_button(
            "CSV", lambda: csv_of(rows), file_name="compare.csv", mime="text/csv", icon=":material/table:",
            key="compare-csv", on_click="ignore",
        )  # fmt: skip
        st.button(
            "Importance-weighted NLL", key="iw", icon=":material/calculate:", on_click=_request_iw,
            disabled="iw_samples" in st.session_state or all(point.kl_nats is None for point in points),
            help=f"A tighter bound on -log p(x), with {IW_SAMPLES} samples per image; takes a few seconds per run.",
        )  # fmt: skip


def _importance(points: Sequence[Point]) -> str:
    """How the table's importance-weighted NLL was estimated; empty if it shows none."""
    counts = sorted({point.iw_samples for point in points if point.iw_samples is not None})
    if not counts:
        return ""
    return f" IW-NLL: {' or '.join(map(str, counts))} importance samples per image, drawn with each run's own seed."


def _request_iw() -> None:
    st.session_state.iw_samples = IW_SAMPLES


def _columns(rows: pd.DataFrame) -> dict[str, Any]:
    """Each column's label and number format."""
    columns: dict[str, Any] = {}
    for name in rows.columns:
        figure, is_difference = name.removesuffix(DIFFERENCE), name.endswith(DIFFERENCE)
        if figure not in FIGURES:
            columns[name] = st.column_config.TextColumn(name if name == "run" else field_name(name))
            continue
        row = FIGURES[figure]
        label = f"Δ {row.column}" if is_difference else row.column
        number = f"%{'+' if is_difference else ''}{row.format}"
        columns[name] = st.column_config.NumberColumn(label, format=number, help=row.help)
    return columns
