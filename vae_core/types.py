"""Type aliases that several packages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array; shape and type stand in the docstring of whatever takes or returns it."""

DciModel = Literal["forest", "boosting"]
"""The regressor behind DCI: a forest of 10 trees, or gradient boosting as in disentanglement_lib."""
DCI_MODELS: tuple[DciModel, ...] = get_args(DciModel)

Report = Callable[[str, float], None]
"""Called with what is being done, and the share of it that is done (0 to 1)."""


def no_report(_what: str, _share: float) -> None:
    """The `Report` of callers that want none."""
