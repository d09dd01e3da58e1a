"""Type aliases that several packages share."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array; shape and type stand in the docstring of whatever takes or returns it."""
