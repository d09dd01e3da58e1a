"""The table of disentanglement on sprites over betas and seeds, as Markdown with means and standard deviations.

    python -m tools.sprites_table RUNS [BETA:SEED ...]

Trains the named runs (by default all twelve) in the folder RUNS, except those that are finished already. Without names, it
then prints the table of all finished runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from vae_core.config import RunConfig, make_config
from vae_core.evaluation.factor_scores import disentangle_run
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files
from vae_core.storage.runs import Run, open_folder
from vae_core.training.driver import Driver
from vae_core.training.new_run import create_run
from vae_core.viz.factor_scores_chart import figures_table, markdown

BETAS, SEEDS = (1.0, 2.0, 4.0, 8.0), (0, 1, 2)


def config(beta: float, seed: int) -> RunConfig:
    """A run's configuration; only beta and seed differ."""
    network: dict[str, Any] = {"latent": 10, "hidden": "256,128", "epochs": 6, "threads": 1, "device": "cpu"}
    return make_config(dataset="sprites", beta=beta, seed=seed, **network)


def run_of(root: Path, beta: float, seed: int) -> Run | None:
    """The run if it is finished, otherwise None."""
    folder = root / run_id(beta, seed)
    run = open_folder(folder) if (folder / "config.json").exists() else None
    return run if run is not None and run.is_finished() else None


def run_id(beta: float, seed: int) -> str:
    return f"sprites-beta-{beta:g}-seed-{seed}".replace(".", "-")


def train(root: Path, beta: float, seed: int) -> None:
    """Trains one run, unless it is finished already."""
    if run_of(root, beta, seed) is None:
        files.remove_tree(root / run_id(beta, seed))
        Driver(create_run(root, config(beta, seed), run_id=run_id(beta, seed))).drive()


def figures(run: Run) -> dict[str, Any]:
    """All figures of a run on the test split, with its beta and seed."""
    measured = {**evaluate_run(run), **disentangle_run(run)}
    return {**measured, "beta": run.config.objective.beta, "seed": run.config.training.seed}


def main(arguments: list[str]) -> int:
    root = Path(arguments[0])
    files.make_folder(root)
    pairs = [(beta, seed) for beta in BETAS for seed in SEEDS]
    named = [(float(beta), int(seed)) for beta, _, seed in (pair.partition(":") for pair in arguments[1:])]
    for beta, seed in named or pairs:
        train(root, beta, seed)
    if not named:
        runs = [run for beta, seed in pairs if (run := run_of(root, beta, seed)) is not None]
        print(markdown(figures_table([figures(run) for run in runs]), "forest"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
