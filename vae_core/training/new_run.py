"""The one door to a new run: nothing is created for a network that its images cannot have."""

from __future__ import annotations

import contextlib
from pathlib import Path

from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.errors import DataError
from vae_core.storage import runs


def create_run(root: Path, config: RunConfig, name: str = "", run_id: str | None = None) -> runs.Run:
    """Creates the folder of a new run. Its configuration names the network that will be trained.

    Arguments and errors are those of `storage.runs.create_run`.

    Raises:
        ConfigError: the network does not fit the dataset's images, or is too large.
    """
    with contextlib.suppress(DataError):  # the training says what is wrong with the data
        config = catalogue.settled(config)
    return runs.create_run(root, config, name, run_id)
