"""Trains the shipped examples from the full sets, with fixed seeds, into checkpoints/.

    python -m tools.train_examples [NAME ...]

An example is an ordinary run folder without what only a worker needs (step files, lock, log, wants, preview), with its
evaluation on the full test split and on the sample's beside it. Those of the sweep, many and small, keep fewer records
and frames as well.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from vae_core.config import RunConfig, make_config
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files, frames, places
from vae_core.storage.metrics import MetricsWriter, Record, Series, read_records
from vae_core.storage.runs import Notes, Run, create_run
from vae_core.training.driver import Driver

COMMON: dict[str, Any] = {"device": "cpu", "threads": 1}
EXAMPLES: dict[str, tuple[str, RunConfig]] = {
    "example-vae-2d": ("VAE, 2 latents, MNIST", make_config(dataset="mnist", epochs=60, **COMMON)),
    "example-ae-2d": (
        "AE, 2 latents, MNIST",
        make_config(dataset="mnist", model="ae", epochs=60, **COMMON),
    ),
    "example-vae-3d": ("VAE, 3 latents, MNIST", make_config(dataset="mnist", latent=3, epochs=40, **COMMON)),
    "example-vae-20d": (
        "VAE, 20 latents, MNIST",
        make_config(dataset="mnist", latent=20, hidden="400", epochs=30, **COMMON),
    ),
    "example-fashion-40d": (
        "VAE, 40 latents, Fashion",
        make_config(dataset="fashion-mnist", latent=40, encoder="separate", epochs=30, **COMMON),
    ),
    "example-fashion-conv": (
        "Conv VAE, 10 latents, Fashion",
        make_config(dataset="fashion-mnist", architecture="conv", hidden="16,32", latent=10, epochs=12, **COMMON),
    ),
}
SWEEP_BETAS, SWEEP_SEEDS = (1, 2, 4, 8, 16), (0, 1, 2)
SWEEP: dict[str, tuple[str, RunConfig]] = {
    f"sweep-beta-{beta}-seed-{seed}": (
        f"Beta {beta}, seed {seed}, MNIST",
        make_config(dataset="mnist", latent=20, hidden="64", beta=beta, seed=seed, epochs=20, **COMMON),
    )
    for beta in SWEEP_BETAS
    for seed in SWEEP_SEEDS
}
KEPT_RECORDS, KEPT_FRAMES, KEPT_POINTS = 200, 12, 400
"""Of a run of the sweep: training records, frames of the first seed's film (of the others' the last one), points."""
LEFT_OUT = ("step-*", "best*", ".lock", "worker.log", "control.json", "preview.npz", "watched")
EVALUATION_SCHEMA = 1


def train_example(run_id: str, root: Path = places.SHIPPED_RUNS) -> Path:
    """Trains one example anew, in place of the one that stands there, and returns its folder."""
    name, config = (EXAMPLES | SWEEP)[run_id]
    files.remove_tree(root / run_id)
    run = create_run(root, config, run_id=run_id)
    run.write_notes(Notes(name, "Made by tools/train_examples.py."))
    Driver(run).drive()
    for pattern in LEFT_OUT:
        for path in run.folder.glob(pattern):
            files.remove(path)
    if run_id in SWEEP:
        _thin_records(run.folder / "metrics.jsonl")
        _thin_film(run.folder / "film", KEPT_FRAMES if config.training.seed == SWEEP_SEEDS[0] else 1)
    files.write_json(run.folder / "evaluation.json", {"schema": EVALUATION_SCHEMA, "splits": _evaluations(run)})
    return run.folder


def _thin_records(path: Path) -> None:
    """Keeps all held-out records, and of training the lowest and the highest of each stretch of steps."""
    records = read_records(path)
    series = Series("loss", KEPT_RECORDS)
    for record in records:
        if record["split"] == "train":
            series.add(record)
    kept: list[Record] = [*series.records(), *(record for record in records if record["split"] == "held-out")]
    writer = MetricsWriter(path)
    writer.cut(0)
    for record in sorted(kept, key=lambda record: record["step"]):
        writer.add(record)
    writer.close()


def _thin_film(folder: Path, count: int) -> None:
    """Keeps `count` frames at even distances in the film, the last one among them, with fewer points."""
    paths = sorted(folder.glob("[0-9]*.npz"))
    last = len(paths) - 1
    kept = {last - round(last * index / max(1, count - 1)) for index in range(count)}
    for index, path in enumerate(paths):
        if index not in kept:
            files.remove(path)
            continue
        frame = frames.unpack_frame(files.read_bytes(path))
        files.write_atomic(path, frames.pack_frame(replace(frame, mean=frame.mean[:KEPT_POINTS])))
    path = folder / "subjects.npz"
    subjects = frames.unpack_subjects(files.read_bytes(path))
    files.write_atomic(path, frames.pack_subjects(replace(subjects, labels=subjects.labels[:KEPT_POINTS])))


def _evaluations(run: Run) -> dict[str, dict[str, object]]:
    """Figures by dataset: of the full set that trained it, and of the bundled sample that everybody has."""
    full = run.config.data.dataset
    found = {name: evaluate_run(run, dataset=name) for name in (full, f"{full}-sample")}
    return {name: {key: value for key, value in figures.items() if key != "run"} for name, figures in found.items()}


if __name__ == "__main__":
    for chosen in sys.argv[1:] or [*EXAMPLES, *SWEEP]:
        print(train_example(chosen), flush=True)
