"""A sweep's rate-distortion curve with a point to drag, and what its models draw at each beta, drawn in the browser."""

from __future__ import annotations

from pages.common.components.bundle import register

_COMPONENT = register(__file__)


def rate_curve(*, key: str, data: bytes, start: int) -> int:
    """Puts the curve on the page; the index of the beta at which its point was let go of last, `start` before that.

    Args:
        key: of this place on the page; with it stays where the point is.
        data: as `rate_curve_bytes` gives it, with the same `start`.
        start: index of the beta at which the point stands at first.
    """
    settled = _COMPONENT(key=key, data=data, on_settled_change=lambda: None).get("settled")
    return int(settled) if isinstance(settled, int | float) and settled >= 0 else start
