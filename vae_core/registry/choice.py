"""The names in a registry as the type of a setting, and the references to code in its rows."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

Code = str | Callable[..., Any]
"""A function or class, or 'module:name', which is imported on first use."""


@cache
def resolve(code: Code) -> Callable[..., Any]:
    """The function or class that a row refers to.

    Raises:
        ImportError, AttributeError: there is no such module, or no such name in it.
    """
    resolved: Callable[..., Any] = pkgutil.resolve_name(code) if isinstance(code, str) else code
    return resolved


@dataclass(frozen=True, eq=False)
class OneOf:
    """Annotates a setting whose value is the name of a row: `Annotated[str, OneOf(LIKELIHOODS)]`.

    The table is read at each validation. The error message is that of a `Literal` with the same names.

    Attributes:
        table: the rows by name.
        offered: whether a row can be chosen by name; by default all can.
        unlisted: whether a name that can be chosen is left out of lists, as those of former versions are.
    """

    table: Mapping[str, Any]
    offered: Callable[[Any], bool] = lambda _row: True
    unlisted: Callable[[Any], bool] = lambda _row: False

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are listed, in the order of the table."""
        return tuple(name for name, row in self.table.items() if self.offered(row) and not self.unlisted(row))

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> str:
        row = self.table.get(value) if isinstance(value, str) else None
        if row is not None and self.offered(row):
            return str(value)
        *others, last = map(repr, self.names)
        raise PydanticKnownError(
            "literal_error", {"expected": " or ".join([", ".join(others), last] if others else [last])}
        )
