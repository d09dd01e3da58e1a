"""A plot that follows the pointer, drawn in the browser: lines, dots, bars and histograms, and a handle to drag."""

from __future__ import annotations

from collections.abc import Sequence

from pages.common.components.bundle import register
from pages.common.components.reported import reported_stop
from vae_core.viz.plot import Handle, Panel, chart_data

_COMPONENT = register(__file__)


def chart(panels: Sequence[Panel], handle: Handle | None = None, *, key: str, start: int = 0) -> int:
    """Puts the panels on the page, side by side if there is room.

    Args:
        panels: at least one; the handle is dragged along the first.
        handle: what is dragged, or None for static panels.
        key: identifies this chart on the page; the handle's position is kept with it.
        start: index of the handle's initial stop.

    Returns:
        The index of the stop at which the handle was last released; `start` before that.
    """
    data = chart_data(panels, handle) | {"start": start}
    settled = _COMPONENT(key=key, data=data, on_settled_change=lambda: None).get("settled")
    return min(reported_stop(settled, start), len(handle.stops) - 1 if handle else 0)
