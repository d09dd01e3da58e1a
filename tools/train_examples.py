"""Trains the shipped examples from the full sets, with fixed seeds, into checkpoints/.

    python -m tools.train_examples [NAME ...]

An example is an ordinary run folder without what only a worker needs (step files, lock, log, wants, preview), with its
evaluation on the full test split and on the sample's beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from vae_core.config import RunConfig, make_config
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files, places
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
LESSON_LATENTS = (1, 2, 4, 8, 16, 32)
LINEAR_EPOCHS = {
    1.0: (1000, 1000),
    1.5: (1000, 1000),
    2.0: (300, 250),
    3.0: (300, 250),
    4.5: (1000, 1000),
    6.0: (300, 250),
}
"""Epochs and batch size by beta: where a dimension is near its threshold its KL settles slowly, and noise hides it."""
LINEAR_LATENTS = 20
LESSONS: dict[str, tuple[str, RunConfig]] = {
    f"learn-ae-{latent}": (
        f"AE, {latent} latent{'s' if latent > 1 else ''}, for the lessons",
        make_config(
            dataset="mnist", model="ae", hidden="64", latent=latent, epochs=30, batch_size=256, lr=2e-3, **COMMON
        ),
    )
    for latent in LESSON_LATENTS
} | {
    f"learn-linear-vae-beta-{f'{beta:g}'.replace('.', '-')}": (
        f"Linear VAE, beta {beta:g}, for the lessons",
        make_config(
            dataset="mnist-sample", hidden="none", latent=LINEAR_LATENTS, likelihood="gaussian", beta=beta, epochs=epochs,
            batch_size=batch_size, lr=2e-3, **COMMON,
        ),
    )
    for beta, (epochs, batch_size) in LINEAR_EPOCHS.items()
}  # fmt: skip
"""Small models that the lessons show; they keep one frame of their film and few records."""
LEFT_OUT = ("step-*", "best*", ".lock", "worker.log", "control.json", "preview.npz", "watched")
LESSON_RECORDS = 60
EVALUATION_SCHEMA = 1


def train_example(run_id: str, root: Path = places.SHIPPED_RUNS) -> Path:
    """Trains one example anew, in place of the one that stands there, and returns its folder."""
    name, config = (EXAMPLES | LESSONS)[run_id]
    files.remove_tree(root / run_id)
    run = create_run(root, config, run_id=run_id)
    run.write_notes(Notes(name, "Made by tools/train_examples.py."))
    Driver(run).drive()
    for pattern in LEFT_OUT:
        for path in run.folder.glob(pattern):
            files.remove(path)
    if run_id in LESSONS:
        _thin_out(run)
    files.write_json(run.folder / "evaluation.json", {"schema": EVALUATION_SCHEMA, "splits": _evaluations(run)})
    return run.folder


def _thin_out(run: Run) -> None:
    """Leaves the last frame and about 60 records, enough to draw its curves."""
    for path in sorted((run.folder / "film").glob("0*.npz"))[:-1]:
        files.remove(path)
    path = run.folder / "metrics.jsonl"
    lines = files.read_bytes(path).splitlines(keepends=True)
    apart = -(-len(lines) // LESSON_RECORDS)
    files.write_atomic(path, b"".join(line for at, line in enumerate(lines) if at % apart == 0 or at == len(lines) - 1))


def _evaluations(run: Run) -> dict[str, dict[str, object]]:
    """Figures by dataset: of the full set that trained it, and of the bundled sample that everybody has."""
    full = run.config.data.dataset
    names = (full,) if full.endswith("-sample") else (full, f"{full}-sample")
    found = {name: evaluate_run(run, dataset=name) for name in names}
    return {name: {key: value for key, value in figures.items() if key != "run"} for name, figures in found.items()}


if __name__ == "__main__":
    for chosen in sys.argv[1:] or EXAMPLES | LESSONS:
        print(train_example(chosen), flush=True)
