"""A sweep's rate-distortion curve with a draggable point, and its models' samples at each beta, drawn in the browser."""

from __future__ import annotations

from pages.common.components.bundle import register
from pages.common.components.reported import reported_stop

_COMPONENT = register(__file__)


def rate_curve(*, key: str, data: bytes, start: int) -> int:
    """Puts the curve on the page.

    Args:
        key: identifies the curve on the page; the point's position is kept with it.
        data: from `rate_curve_bytes`, with the same `start`.
        start: index of the point's initial beta.

    Returns:
        The index of the beta at which the point was last released; `start` before that.
    """
    settled = _COMPONENT(key=key, data=data, on_settled_change=lambda: None).get("settled")
    return reported_stop(settled, start)
