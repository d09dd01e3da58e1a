"""Mean and standard deviation of a figure over seeds. Does not import torch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

MIN_FOR_STD = 3
"""The smallest number of values for which a standard deviation is shown, everywhere."""


@dataclass(frozen=True)
class MeanStd:
    """The mean and spread of a figure's values.

    Attributes:
        mean: of the values.
        std: the sample standard deviation (n - 1 in the divisor); None for fewer than `MIN_FOR_STD` values, which are too
            few to estimate it.
        low, high: the smallest and the largest value.
        count: the number of values.
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


def mean_std(values: Iterable[float]) -> MeanStd | None:
    """Summarises the finite values; None if there are none."""
    finite = [float(value) for value in values if math.isfinite(value)]
    if not finite:
        return None
    std = statistics.stdev(finite) if len(finite) >= MIN_FOR_STD else None
    return MeanStd(statistics.fmean(finite), std, min(finite), max(finite), len(finite))
