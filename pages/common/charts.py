"""The static charts of `vae_core.viz` on a page."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from threading import Timer
from typing import Any

import pandas as pd
import streamlit as st

from vae_core.viz.chart_theme import ROWS

CALM_SECONDS = 1.0


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


@st.cache_resource(show_spinner=False)
def prepare_charts() -> None:
    """Imports Altair shortly after the server's first page is drawn, so that no page with a chart has to wait for it."""
    timer = Timer(CALM_SECONDS, import_module, ["altair"])
    timer.daemon = True
    timer.start()
