"""Type aliases shared by several packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array; its shape and type are in the docstring of the function that takes or returns it."""

DciModel = Literal["forest", "boosting"]
"""The classifier behind DCI: a forest of 10 trees, or gradient boosting as in disentanglement_lib."""
DCI_MODELS: tuple[DciModel, ...] = get_args(DciModel)

Report = Callable[[str, float], None]
"""A progress callback, called with the current activity and its progress (0 to 1)."""


def no_report(_activity: str, _share: float) -> None:
    """The `Report` that does nothing."""
