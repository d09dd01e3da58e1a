"""Documents are taken as they are: nothing is guessed, and what does not fit is one sentence that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vae_core.errors import CheckpointCorrupt, SchemaTooNew
from vae_core.storage import files
from vae_core.storage.documents import LARGEST, MAX_COUNT, Count, Document, Number, Text, plain, read_document


class Parts(Document):
    name: Text = ""
    steps: tuple[Count, ...] = ()
    share: Number | None = None


def read(path: Path, document: dict[str, Any]) -> Parts:
    files.write_json(path, {"schema": 1, **document})
    return read_document(path, Parts, 1)


def test_a_document_comes_back_as_it_was_written(tmp_path: Path) -> None:
    parts = Parts(name="ü \n", steps=(0, MAX_COUNT), share=0.1)
    assert read(tmp_path / "parts.json", plain(parts)) == parts
    assert read(tmp_path / "parts.json", {"share": 3, "colour": "green"}) == Parts(share=3.0), (
        "unknown keys are ignored"
    )


def test_a_lone_surrogate_in_a_text_is_no_damage(tmp_path: Path) -> None:
    assert read(tmp_path / "parts.json", {"name": "\udcff"}).name == "\udcff"


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"name": 3}, "name is 3"),
        ({"steps": [1, "2"]}, r"steps\.1 is '2'"),
        ({"steps": [True]}, r"steps\.0 is True"),
        ({"steps": [-1]}, r"steps\.0 is -1"),
        ({"steps": [2**60]}, r"steps\.0 is a number out of range"),
        ({"steps": "12"}, "steps is '12'"),
        ({"share": "0.5"}, r"share is '0\.5'"),
        ({"share": 10**400}, "share is a number out of range"),
        ({"share": -2 * LARGEST}, r"share is -2e\+40"),
        ({"name": ["x" * 100]}, r"name is \['x{58}\.\.\."),
    ],
)
def test_what_does_not_fit_is_named(document: dict[str, Any], what: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointCorrupt, match=rf"^parts\.json is damaged: {what}; restore the run's folder\.$"):
        read(tmp_path / "parts.json", document)


def test_numbers_that_json_has_no_word_for_are_refused(tmp_path: Path) -> None:
    (tmp_path / "parts.json").write_bytes(b'{"schema": 1, "share": NaN}')
    with pytest.raises(CheckpointCorrupt, match="share is nan"):
        read_document(tmp_path / "parts.json", Parts, 1)


def test_a_newer_format_is_named_before_anything_else(tmp_path: Path) -> None:
    with pytest.raises(SchemaTooNew, match="update the program"):
        read(tmp_path / "parts.json", {"schema": 2, "name": 3})
