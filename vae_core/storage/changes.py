"""What was changed about a run since it was configured; `config.json` itself never changes.

longer.json   more epochs than asked at first
moved.json    where the dataset's file is now
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vae_core.config import RunConfig
from vae_core.errors import ConfigError
from vae_core.storage import files
from vae_core.storage.schema import check_schema

if TYPE_CHECKING:
    from vae_core.storage.runs import Run

SCHEMA = 1
CHANGES = {"longer.json": "epochs", "moved.json": "dataset"}
"""The files, and the field of the configuration that each replaces."""


def changed(folder: Path, config: RunConfig) -> RunConfig:
    """The configuration of a run's folder with what was changed since.

    Raises:
        CheckpointCorrupt, ConfigError, SchemaTooNew: one of the files cannot be read.
    """
    for name, field in CHANGES.items():
        # os.path, since Path's own look costs as much as all the rest of a run that did not change
        if os.path.exists(f"{folder}/{name}"):  # noqa: PTH110
            document = files.read_json(folder / name)
            check_schema(document.get("schema"), SCHEMA, name)
            config = config.changed(**{field: document.get(field)})
    return config


def make_longer(run: Run, epochs: int) -> Run:
    """The same run with more epochs in all; what was asked at first stays in `config.json`.

    Raises:
        ConfigError: it is no number of epochs, or fewer than the run has.
    """
    longer = run.config.changed(epochs=epochs)
    if epochs < run.config.training.epochs:
        raise ConfigError(
            f"epochs must be at least {run.config.training.epochs}, what the run was asked for, not {epochs}."
        )
    files.write_json(run.folder / "longer.json", {"schema": SCHEMA, "epochs": epochs})
    return replace(run, config=longer)


def set_dataset(run: Run, dataset: str) -> Run:
    """The same run with the dataset's name or path as it is now; `data.moved.point_to` checks that it is the same one.

    Raises:
        ConfigError: it is no name or path.
    """
    moved = run.config.changed(dataset=dataset)
    files.write_json(run.folder / "moved.json", {"schema": SCHEMA, "dataset": dataset})
    return replace(run, config=moved)
