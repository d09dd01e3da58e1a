"""Where things stand on this machine when nobody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from vae_core.errors import ConfigError
from vae_core.storage import files

PROJECT_ROOT = Path(__file__).resolve().parents[2]
SHIPPED_RUNS = PROJECT_ROOT / "checkpoints"
DATA_VARIABLE = "LATENT_LAB_DATA"
CACHE_VARIABLE = "LATENT_LAB_CACHE"
RUNS_VARIABLE = "LATENT_LAB_RUNS"


def data_folder(given: Path | None = None) -> Path:
    """The folder of the full datasets: the given one, else that of LATENT_LAB_DATA, else `data/` in the project.

    The project's own may be missing: a download makes it.

    Raises:
        ConfigError: the given one, or that of the environment, is not there.
    """
    named = os.environ.get(DATA_VARIABLE)
    chosen = given or (Path(named) if named else None)
    if chosen is None:
        return PROJECT_ROOT / "data"
    # os.path, since Path.is_dir raises for names that are too long or not allowed to be looked at
    if not os.path.isdir(chosen):  # noqa: PTH112
        origin = "" if given else f" (of {DATA_VARIABLE})"
        raise ConfigError(f"The data folder {str(chosen)!r}{origin} is not there; make it or name another one.")
    return chosen


def cache_folder() -> Path:
    """The folder for what can be made again at any time: that of LATENT_LAB_CACHE, else the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else platformdirs.user_cache_path("latent-lab")


def named_runs_folder(given: Path | None = None) -> Path:
    """The folder of the runs, which may not be there yet: the given one, that of LATENT_LAB_RUNS, or `checkpoints/`."""
    named = os.environ.get(RUNS_VARIABLE)
    return given or (Path(named) if named else SHIPPED_RUNS)


def runs_folder(given: Path | None = None) -> Path:
    """The same folder, made if it is missing.

    Raises:
        DiskError: it cannot be made, or cannot be listed.
    """
    folder = named_runs_folder(given)
    files.make_folder(folder)
    files.check_listable(folder)
    return folder
