"""The static charts of `vae_core.viz` on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from vae_core.viz.chart_theme import ROWS


def static_chart(rows: pd.DataFrame, spec: Mapping[str, Any], *, key: str, height: int, alt: str) -> None:
    """Puts a chart on the page; nothing if there are no rows.

    Vega gets the rows together with the specification, as a named data set. If they were passed as `data`, Vega would first
    draw the chart without rows and warn of the infinite extent of every field.

    Args:
        rows: the data.
        spec: the specification, built with Altair by a function of `vae_core.viz`.
        key: identifies the chart on the page.
        height: the chart's height in pixels.
        alt: what the chart shows, for screen readers.
    """
    if not rows.empty:
        st.vega_lite_chart({**spec, "datasets": {ROWS: rows}}, key=key, height=height, alt=alt)
