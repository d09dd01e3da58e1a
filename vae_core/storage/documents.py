"""Typed JSON documents: a pydantic model describes a file, and a file that does not match raises `CheckpointCorrupt`.

Values are never coerced: text is not read as a number, nor true as 1. Unknown keys are ignored, so that files to which a
newer version of the program added keys can still be read.
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
"""The largest integer that JSON represents exactly; no count of steps or bytes comes near it."""
LARGEST = 1e40
"""Larger than any figure of a float32 network, yet small enough to be summed, squared and plotted."""
RESTORE = "restore the run's folder"
REMOVE = "remove the file"
EXPORT_AGAIN = "export the run again"

Text = Annotated[str, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=MAX_COUNT)]
Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A finite number, not a boolean."""
Number = Annotated[float, Strict(), Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
"""A number that a chart can plot: finite, at most `LARGEST` in magnitude, not a boolean."""

Model = TypeVar("Model")


class Document(BaseModel):
    """An immutable JSON object of known keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def read_document(path: Path, model: type[Model], schema: int, advice: str = RESTORE) -> Model:
    """Reads the document in a file.

    Args:
        path: the file.
        model: a `Document`, or a pydantic dataclass.
        schema: the newest schema number that this program supports.
        advice: what to do about a damaged file; ends the error message.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such file.
        CheckpointCorrupt: it does not match `model`.
        SchemaTooNew: a newer version of the program wrote it.
        DiskError: it cannot be read.
    """
    return parse_document(files.read_json(path), model, schema, path.name, advice)


def parse_document(
    document: Mapping[str, Any], model: type[Model], schema: int, name: str, advice: str = RESTORE
) -> Model:
    """Parses a JSON object that was already read from the file `name`; raises like `read_document`."""
    check_schema(document.get("schema"), schema, name)
    return validate(document, model, name, advice)


def validate(value: object, model: type[Model], name: str, advice: str = RESTORE) -> Model:
    """Validates a value against a model.

    Raises:
        CheckpointCorrupt: it does not match; the message names the first key at fault.
    """
    try:
        document: Model = _adapter(model).validate_python(value)
    except ValidationError as error:
        raise CheckpointCorrupt(f"{name} is damaged: {problem(error)}; {advice}.") from error
    return document


def plain(model: object) -> dict[str, Any]:
    """Returns the document as plain JSON values: dictionaries, lists, text, numbers and None."""
    document: dict[str, Any] = _adapter(model.__class__).dump_python(model, mode="json")
    return document


def problem(error: ValidationError) -> str:
    """Describes the first value that is wrong: "step is 'x'", "points.0.level is missing"."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where} is missing" if first["type"] == "missing" else f"{where} is {_short(first['input'])}"


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) <= MAX_COUNT else "a number out of range"
    return text if len(text) <= 60 else f"{text[:60]}..."


_adapter: Callable[[Any], TypeAdapter[Any]] = lru_cache(maxsize=64)(TypeAdapter)
