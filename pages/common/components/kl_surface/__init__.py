"""The KL of N(mean, variance) from N(0, 1) as a surface to turn and a map with a point to drag, drawn in the browser."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pages.common.components.bundle import register

_COMPONENT = register(__file__)


@dataclass(frozen=True)
class KlPoint:
    """Where the point stands: mean in [-3, 3], variance in [0.02, 4], and beta in [0, 10]."""

    mean: float = 0.0
    variance: float = 1.0
    beta: float = 1.0


def kl_surface(*, key: str, start: KlPoint) -> KlPoint:
    """Puts the three pictures on the page; the point as it was let go of last, `start` before that.

    Args:
        key: of this place on the page; with it stays where the point is.
        start: where the point stands at first.
    """
    settled = _COMPONENT(key=key, data=asdict(start), on_settled_change=lambda: None).get("settled")
    if not isinstance(settled, Mapping):
        return start
    values = [settled.get(name) for name in ("mean", "variance", "beta")]
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        return start
    return KlPoint(*(float(value) for value in values if value is not None))
