"""A run folder of every released format loads for ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vae_core.storage import checkpoints, runs
from vae_core.storage.frames import Film
from vae_core.storage.records import MetricsReader, read_records

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = sorted(path.parent for path in GOLDEN.glob("*/config.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_golden_run_loads(folder: Path) -> None:
    run = runs.open_folder(folder)
    status = run.status()
    assert run.state() == "done" and status.step == status.total_steps > 0
    assert run.control() is not None and run.name
    found = checkpoints.load_newest(folder)
    assert found is not None and found[1]["step"] == status.step
    model, record = checkpoints.load(folder, "model")
    assert record["step"] == status.step
    assert all(np.array_equal(found[0][name], tensor) for name, tensor in model.items())
    best = checkpoints.load_best(folder)
    assert best is not None and best[1]["step"] == status.best_step
    assert best[0].keys() == model.keys()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_golden_runs_records_and_film_load(folder: Path) -> None:
    records = read_records(folder / "metrics.jsonl")
    assert {record["split"] for record in records} == {"train", "held-out"}
    reader = MetricsReader(folder / "metrics.jsonl")
    assert reader.poll()
    assert reader.last_train == [record for record in records if record["split"] == "train"][-1]
    film = Film(folder)
    assert film.poll() and film.subjects is not None
    assert len(film.subjects.labels) == len(film.frames[0].mean)
    assert (film.subjects.corrupted is not None) == bool(runs.open_folder(folder).config.data.corruption)
    assert film.frames[-1].step == runs.open_folder(folder).status().step
