"""Checks of values reported by the browser."""

from __future__ import annotations

import math
from typing import TypeGuard


def is_finite(value: object) -> TypeGuard[int | float]:
    """Whether the value is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def reported_stop(value: object, start: int) -> int:
    """The index of a slider's stop, at least 0; `start` if none was reported yet."""
    return int(value) if is_finite(value) and value >= 0 else start
