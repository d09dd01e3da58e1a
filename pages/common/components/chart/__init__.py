"""A lesson's chart, drawn in the browser: lines, bars and histograms, and a handle to drag that everything follows."""

from __future__ import annotations

from collections.abc import Sequence

from pages.common.components.bundle import register
from vae_core.viz.lesson_charts import Handle, Panel, chart_data

_COMPONENT = register(__file__)


def chart(panels: Sequence[Panel], handle: Handle | None = None, *, key: str, start: int = 0) -> int:
    """Puts the panels on the page, side by side where there is room; the index of the stop at which the handle was let go
    of last, `start` before that.

    Args:
        key: of this place on the page; with it stays where the handle is.
        start: index of the stop at which the handle stands at first.
    """
    data = chart_data(panels, handle) | {"start": start}
    settled = _COMPONENT(key=key, data=data, on_settled_change=lambda: None).get("settled")
    last = len(handle.stops) - 1 if handle else 0
    return min(int(settled), last) if isinstance(settled, int | float) and settled >= 0 else start
