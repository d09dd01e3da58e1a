"""A run folder of every released format loads for ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vae_core.evaluation.trained import load_trained
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


def test_the_convolutional_network_of_earlier_versions_opens_and_draws_as_it_did() -> None:
    """Upsampling and 3x3 convolutions, with the pictures and codes that the version which trained it gave."""
    run = runs.open_folder(GOLDEN / "schema-3-conv")
    assert (run.config.model.architecture, run.config.model.hidden) == ("conv-upsample", (2, 3))
    trained = load_trained(run)
    with torch.no_grad():
        picture = trained.likelihood.mean_image(trained.model.decode(torch.tensor([[0.5, -1.0]])))
        code = trained.model.encode(torch.linspace(0, 1, 784).view(1, 1, 28, 28)).mean
    assert picture.sum().item() == pytest.approx(382.3615, abs=0.01)
    assert picture[0, 0, 14, 10:14].tolist() == pytest.approx([0.469415, 0.473035, 0.471210, 0.485789], abs=1e-4)
    assert code[0].tolist() == pytest.approx([-0.570692, 0.572854], abs=1e-4)
