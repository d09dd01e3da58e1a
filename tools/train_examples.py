"""Trains the shipped examples, with fixed seeds, into checkpoints/.

    python -m tools.train_examples [NAME ...]

An example is an ordinary run folder without what only a worker needs: no step files, lock, log, wants or preview.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vae_core.config import RunConfig, make_config
from vae_core.storage import files, places
from vae_core.storage.runs import Notes, create_run
from vae_core.training.driver import Driver

EXAMPLES: dict[str, tuple[str, RunConfig]] = {
    "example-vae-2d": ("VAE with two latents on the MNIST sample", make_config()),
}
LEFT_OUT = ("step-*", "best*", ".lock", "worker.log", "control.json", "preview.npz", "watched")


def train_example(run_id: str, root: Path = places.SHIPPED_RUNS) -> Path:
    """Trains one example anew, in place of the one that stands there, and returns its folder."""
    name, config = EXAMPLES[run_id]
    files.remove_tree(root / run_id)
    run = create_run(root, config, run_id=run_id)
    run.write_notes(Notes(name, "Made by tools/train_examples.py."))
    Driver(run).drive()
    for pattern in LEFT_OUT:
        for path in run.folder.glob(pattern):
            files.remove(path)
    return run.folder


if __name__ == "__main__":
    for chosen in sys.argv[1:] or EXAMPLES:
        print(train_example(chosen))
