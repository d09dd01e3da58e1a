"""Typed JSON documents: a model says what a file holds, and a file that does not fit is one `CheckpointCorrupt`.

Values are taken as they are: text is not read as a number, nor true as 1. Unknown keys are ignored, so that this program
can read what a newer one added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, TypeAdapter, ValidationError

from vae_core.errors import CheckpointCorrupt
from vae_core.storage import files
from vae_core.storage.schema import check_schema

MAX_COUNT = 2**53
"""The largest whole number that JSON carries exactly, and more than any step or byte."""
LARGEST = 1e40
"""Larger than any figure of float32 networks, and small enough for sums, the roots of squares and the axes of charts."""
RESTORE = "restore the run's folder"
REMOVE = "remove the file"
EXPORT_AGAIN = "export the run again"

Text = Annotated[str, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=MAX_COUNT)]
Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A finite number; true and false are none."""
Number = Annotated[float, Strict(), Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
"""A number that a chart can draw, of at most `LARGEST`; true and false are none."""

Model = TypeVar("Model")


class Document(BaseModel):
    """A JSON object of known keys. What it is made of does not change."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def read_document(path: Path, model: type[Model], schema: int, advice: str = RESTORE) -> Model:
    """The document in a file.

    Args:
        path: the file.
        model: a `Document`, or a pydantic dataclass.
        schema: the newest format that this program knows.
        advice: what to do about a damaged file, the end of its sentence.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no file.
        CheckpointCorrupt: it is no such document.
        SchemaTooNew: a newer program wrote it.
        DiskError: it cannot be read.
    """
    return parse_document(files.read_json(path), model, schema, path.name, advice)


def parse_document(
    document: Mapping[str, Any], model: type[Model], schema: int, name: str, advice: str = RESTORE
) -> Model:
    """The document in an object of JSON that was read already; `name` is that of its file. Raises as `read_document`."""
    check_schema(document.get("schema"), schema, name)
    return validate(document, model, name, advice)


def validate(value: object, model: type[Model], name: str, advice: str = RESTORE) -> Model:
    """The value as the model has it.

    Raises:
        CheckpointCorrupt: names the first part of it that does not fit.
    """
    try:
        found: Model = _adapter(model).validate_python(value)
    except ValidationError as error:
        raise CheckpointCorrupt(f"{name} is damaged: {problem(error)}; {advice}.") from error
    return found


def plain(model: object) -> dict[str, Any]:
    """The document as JSON has it: text, numbers, lists and None."""
    document: dict[str, Any] = _adapter(model.__class__).dump_python(model, mode="json")
    return document


def problem(error: ValidationError) -> str:
    """The first thing that does not fit: "step is 'x'", "points.0.level is missing"."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where} is missing" if first["type"] == "missing" else f"{where} is {_short(first['input'])}"


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) <= MAX_COUNT else "a number out of range"
    return text if len(text) <= 60 else f"{text[:60]}..."


_adapter: Callable[[Any], TypeAdapter[Any]] = lru_cache(maxsize=64)(TypeAdapter)
