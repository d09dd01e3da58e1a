"""A figure over seeds: never one number alone. Imports no torch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

SPREAD_FROM = 3
"""Values from which on a standard deviation is written, everywhere."""


@dataclass(frozen=True)
class Spread:
    """Some values of one figure.

    Attributes:
        mean: of them.
        std: of the sample, dividing by count - 1; None of fewer than `SPREAD_FROM` values, which do not tell a spread.
        low, high: the smallest and the largest.
        count: how many.
    """

    mean: float
    std: float | None
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        if self.std is None:
            return f"{self.mean:.2f} ({'one seed' if self.count == 1 else f'{self.count} seeds'})"
        return f"{self.mean:.2f} ± {self.std:.2f}"


def spread(values: Iterable[float]) -> Spread | None:
    """Mean, standard deviation and ends of the finite ones of some values; None where there is none."""
    finite = [float(value) for value in values if math.isfinite(value)]
    if not finite:
        return None
    std = statistics.stdev(finite) if len(finite) >= SPREAD_FROM else None
    return Spread(statistics.fmean(finite), std, min(finite), max(finite), len(finite))
