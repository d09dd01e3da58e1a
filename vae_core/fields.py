"""Describes the fields of a configuration in words: options, range, unit, and what is wrong with a value."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from vae_core.registry.choice import OneOf


def options_of(info: FieldInfo) -> tuple[str, ...]:
    """The names that a field can have as its value; empty for numbers and free text."""
    table = next((item for item in info.metadata if isinstance(item, OneOf)), None)
    if table is not None:
        return table.names
    return get_args(info.annotation) if get_origin(info.annotation) is Literal else ()


def range_text(info: FieldInfo) -> str:
    """The range of a field in words, such as '1 to 512' or 'above 0, at most 1'; empty if it has none."""
    bounds = {name: getattr(item, name) for item in info.metadata for name in ("ge", "gt", "le") if hasattr(item, name)}
    low = f"{bounds['ge']:g}" if "ge" in bounds else f"above {bounds['gt']:g}" if "gt" in bounds else ""
    high = f"{bounds['le']:.12g}" if "le" in bounds else ""
    if low and high:
        return f"{low} to {high}" if "ge" in bounds else f"{low}, at most {high}"
    return f"at least {low}" if "ge" in bounds else low


def unit_of(info: FieldInfo) -> str:
    """The unit of a field; empty if it has none."""
    return str(_extra(info).get("unit", ""))


def step_of(info: FieldInfo) -> float | None:
    """The step of a widget for a real number; None for whole numbers and other values."""
    step = _extra(info).get("step")
    return float(step) if isinstance(step, int | float) else None


def _extra(info: FieldInfo) -> dict[str, Any]:
    return dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}


_EXPECTED = {
    "hidden": "sizes from 1 to 8192 such as 256,64, at most 8 of them, or none",
    "dataset": "a name or a path of 1 to 4096 characters",
    "corruption": "names such as gaussian,masking",
    "level": "a number such as 0.3, or LOW:HIGH such as 0.1:0.6",
    "parent": "RUN@STEP, a run's id and the step of one of its checkpoints",
    "schema": "a whole number from 1 on",
}
"""What is expected of fields without a numeric range."""


def sentence(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """Puts the first error into one sentence: which setting is wrong, its range, and the given value.

    Args:
        error: raised by the validation of a configuration.
        fields: all settings of a configuration by name.
    """
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]] or ["configuration"]
    kind, given = first["type"], reprlib.repr(first.get("input"))
    if kind == "extra_forbidden":
        return f"There is no setting called {path[-1]!r}."
    if kind == "value_error":
        return f"{str(first['ctx']['error']).rstrip('.')}."
    if kind.startswith("model"):
        return f"{path[-1]} must be an object of settings, not {given}."
    # from the end, since a section may have the name of a field; after `hidden` comes a position in it
    name = next((part for part in reversed(path) if part in fields), path[-1])
    if kind == "literal_error":
        return f"{name} must be {first['ctx']['expected']}, not {given}."
    expected = _EXPECTED.get(name) or range_text(fields[name])
    number = "a whole number, " if kind.startswith("int") else "a number, " if "float" in kind else ""
    return f"{name} must be {'' if name in _EXPECTED else number}{expected}, not {given}."
