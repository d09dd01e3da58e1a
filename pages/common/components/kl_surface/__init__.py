"""The KL of N(mean, variance) from N(0, 1), drawn in the browser: a surface to turn, and a map with a point to drag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pages.common.components.bundle import register
from pages.common.components.reported import is_finite

_COMPONENT = register(__file__)


@dataclass(frozen=True)
class KlPoint:
    """The point's position: mean in [-3, 3], variance in [0.02, 4], beta in [0, 10]."""

    mean: float = 0.0
    variance: float = 1.0
    beta: float = 1.0


def kl_surface(*, key: str, start: KlPoint) -> KlPoint:
    """Puts the three pictures on the page.

    Args:
        key: identifies them on the page; the point's position is kept with it.
        start: the point's initial position.

    Returns:
        The position where the point was last released; `start` before that.
    """
    settled = _COMPONENT(key=key, data=asdict(start), on_settled_change=lambda: None).get("settled")
    if not isinstance(settled, Mapping):
        return start
    values = [settled.get(name) for name in ("mean", "variance", "beta")]
    numbers = [float(value) for value in values if is_finite(value)]
    return KlPoint(*numbers) if len(numbers) == len(values) else start
