"""Overrides of a run's configuration, in files of their own: `config.json` itself never changes.

longer.json   the number of epochs, once the run was extended
moved.json    the dataset's path, once its file was moved
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
OVERRIDES = {"longer.json": "epochs", "moved.json": "dataset"}
"""The files, and the field of the configuration that each overrides."""


def apply_overrides(folder: Path, config: RunConfig) -> RunConfig:
    """Returns `config` with the overrides in a run's folder applied.

    Raises:
        CheckpointCorrupt, ConfigError, SchemaTooNew: one of the files cannot be read.
    """
    for name, field in OVERRIDES.items():
        # os.path: Path.exists takes as long as the rest of opening an unchanged run
        if os.path.exists(f"{folder}/{name}"):  # noqa: PTH110
            document = files.read_json(folder / name)
            check_schema(document.get("schema"), SCHEMA, name)
            config = config.changed(**{field: document.get(field)})
    return config


def extend_run(run: Run, epochs: int) -> Run:
    """Raises a run's total number of epochs and returns the extended run; `config.json` keeps the original number.

    Raises:
        ConfigError: `epochs` is not a valid number of epochs, or less than the run's current one.
    """
    extended = run.config.changed(epochs=epochs)
    if epochs < run.config.training.epochs:
        raise ConfigError(
            f"epochs must be at least {run.config.training.epochs}, the number the run has now, not {epochs}."
        )
    files.write_json(run.folder / "longer.json", {"schema": SCHEMA, "epochs": epochs})
    return replace(run, config=extended)


def set_dataset(run: Run, dataset: str) -> Run:
    """Sets where a run's dataset is now and returns the updated run.

    `data.relocation.relocate_dataset` checks first that it is the same dataset.

    Raises:
        ConfigError: `dataset` is not a name or path.
    """
    moved = run.config.changed(dataset=dataset)
    files.write_json(run.folder / "moved.json", {"schema": SCHEMA, "dataset": dataset})
    return replace(run, config=moved)
