"""Trains the shipped examples with fixed seeds into checkpoints/.

    python -m tools.train_examples [NAME ...]
    python -m tools.train_examples --measure [NAME ...]    only their figures, from the existing weights

An example is an ordinary run folder without the files that only a worker needs (step files, lock, log, requests, preview),
with its evaluation on the full test split and on the sample's. Examples of a full dataset need that dataset. All shipped
files together stay below 50 MB, so most examples keep only a part of their film and records.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tools.examples import ALL, DENOISERS, LESSONS, RESTORED, SWEEP, SWEEP_SEEDS
from tools.thin import thin_film, thin_records
from vae_core.evaluation.restoration import restore_run
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files, paths
from vae_core.storage.runs import Notes, Run, open_run
from vae_core.training.driver import Driver
from vae_core.training.new_run import create_run

LEFT_OUT = (
    *("step-*", "best*", ".lock", "worker.log", "control.json", "preview.npz", "watched"),
    *("figures.json", "restoration-*.json"),
)
EVALUATION_SCHEMA = 1
DENOISER_FRAMES = 20
SWEEP_RECORDS, SWEEP_FRAMES, SWEEP_POINTS = 200, 12, 400
"""The number of frames applies to the first seed's film; the other seeds keep only the last frame."""
LESSON_RECORDS = 60


def train_example(run_id: str, root: Path = paths.SHIPPED_RUNS) -> Path:
    """Trains an example, replacing an existing one, and returns its folder."""
    name, config = ALL[run_id]
    files.remove_tree(root / run_id)
    run = create_run(root, config, run_id=run_id)
    run.write_notes(Notes(name, "Made by tools/train_examples.py."))
    Driver(run).drive()
    finish(run)
    return run.folder


def finish(run: Run) -> None:
    """Removes the files that only a worker needs, thins the others, and measures the run."""
    for pattern in LEFT_OUT:
        for path in run.folder.glob(pattern):
            files.remove(path)
    _thin(run)
    measure(run)


def measure(run: Run) -> None:
    """Writes `evaluation.json`."""
    splits = {name: _without_run(evaluate_run(run, dataset=name)) for name in datasets_of(run)}
    document: dict[str, Any] = {"schema": EVALUATION_SCHEMA, "splits": splits}
    if run.id in RESTORED:
        document["restoration"] = [
            _without_run(restore_run(run, name, level, dataset=dataset))
            for dataset in datasets_of(run)
            for name, level in RESTORED[run.id]
        ]
    files.write_json(run.folder / "evaluation.json", document)


def datasets_of(run: Run) -> list[str]:
    """The datasets on which an example is measured: its own and, if that is not bundled, its sample."""
    own = run.config.data.dataset
    return [own] if own.endswith("-sample") else [own, f"{own}-sample"]


def _thin(run: Run) -> None:
    records, film = run.folder / "metrics.jsonl", run.folder / "film"
    if run.id in DENOISERS:
        thin_film(film, DENOISER_FRAMES)
    elif run.id in SWEEP:
        thin_records(records, SWEEP_RECORDS)
        thin_film(film, SWEEP_FRAMES if run.config.training.seed == SWEEP_SEEDS[0] else 1, SWEEP_POINTS)
    elif run.id in LESSONS:
        thin_records(records, LESSON_RECORDS)
        thin_film(film, 1)


def _without_run(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key != "run"}


def main(arguments: list[str]) -> None:
    only_measure = arguments[:1] == ["--measure"]
    for chosen in arguments[only_measure:] or ALL:
        if only_measure:
            measure(open_run(paths.SHIPPED_RUNS, chosen))
        else:
            train_example(chosen)
        print(chosen, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
