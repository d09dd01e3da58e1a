"""What an import accepts, and what a run of one's own can write, can be shown: figures that are null, missing or huge."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from tests.finished import forged, members_of, train_small
from tests.pages.opened import open_app
from vae_core.archives.archive import export_run
from vae_core.archives.importing import import_run
from vae_core.errors import CheckpointCorrupt
from vae_core.storage import frames
from vae_core.storage.documents import LARGEST

PAGES = {"train": "run", "compare": "runs", "library": "runs", "generate": "trained"}
NAMES = ("loss", "reconstruction_nats", "kl_nats", "target", "beta", "epoch")
MISSING = object()
ODD: dict[str, Any] = {"null": None, "missing": MISSING, "huge": LARGEST, "negative": -LARGEST}


def changed(records: bytes, value: Any, split: str) -> bytes:
    """The records of one split with an odd value in place of each figure; the others stay."""
    lines = []
    for line in records.splitlines():
        record = json.loads(line)
        if record.get("split") == split:
            record = {key: value if key in NAMES else kept for key, kept in record.items()}
            record = {key: kept for key, kept in record.items() if kept is not MISSING}
        lines.append(json.dumps(record).encode() + b"\n")
    return b"".join(lines)


def without_lines(content: bytes) -> bytes:
    """A film's subjects whose lines are null."""
    subjects = frames.unpack_subjects(content)
    nothing: dict[str, Any] = dict.fromkeys(subjects.lines)
    return frames.pack_subjects(
        frames.Subjects(subjects.labels, subjects.classes, subjects.inputs, nothing, subjects.corrupted)
    )


@pytest.fixture
def members(runs: Path) -> dict[str, bytes]:
    """Of an archive of a small finished run, without its kept figures: the pages look at its records."""
    return {name: body for name, body in members_of(archived(runs)).items() if name != "figures.json"}


def archived(runs: Path) -> bytes:
    stream = io.BytesIO()
    stream.write(export_run(train_small(runs, "small")))
    return stream.getvalue()


def test_records_that_an_import_accepts_are_shown(members: dict[str, bytes], runs: Path) -> None:
    page = open_app()
    for number, (name, value) in enumerate(ODD.items()):
        split = ("train", "held-out")[number % 2]
        records = changed(members["metrics.jsonl"], value, split)
        if name in ("null", "missing"):
            records = changed(records, value, "train")
        subjects = without_lines(members["film/subjects.npz"])
        kept = {key: body for key, body in members.items() if not key.startswith("step-")}
        run = import_run(
            runs, io.BytesIO(forged({**kept, "metrics.jsonl": records, "film/subjects.npz": subjects})), name
        )
        for address, parameter in PAGES.items():
            st.cache_data.clear()
            page.query_params.clear()
            page.query_params[parameter] = run.id
            page.switch_page(f"{address}/page.py").run()
            assert not page.exception, (name, address, page.exception[0].message)
            assert not [error.value for error in page.error], (name, address)


@pytest.mark.parametrize("value", [1e308, -1e308, 1.1 * LARGEST])
def test_figures_that_no_chart_can_draw_are_refused(value: float, members: dict[str, bytes], runs: Path) -> None:
    records = changed(members["metrics.jsonl"], value, "train")
    kept = {key: body for key, body in members.items() if not key.startswith("step-")}
    with pytest.raises(CheckpointCorrupt, match="has a line that is not a record"):
        import_run(runs, io.BytesIO(forged({**kept, "metrics.jsonl": records})), "huge")
