"""Default locations on this machine: data, cache and runs, each with the environment variable that changes it."""

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
    """Returns the folder of the full datasets: `given`, else $LATENT_LAB_DATA, else `data/` in the project.

    Only the project's own folder may be missing; a download creates it.

    Raises:
        ConfigError: `given` or $LATENT_LAB_DATA does not exist.
    """
    named = os.environ.get(DATA_VARIABLE)
    chosen = given or (Path(named) if named else None)
    if chosen is None:
        return PROJECT_ROOT / "data"
    # os.path: Path.is_dir raises if a name is too long or may not be accessed
    if not os.path.isdir(chosen):  # noqa: PTH112
        origin = "" if given else f" (set by {DATA_VARIABLE})"
        raise ConfigError(f"The data folder {str(chosen)!r}{origin} does not exist; create it or choose another one.")
    return chosen


def cache_folder() -> Path:
    """Returns the folder of what can be computed again: $LATENT_LAB_CACHE, else the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else platformdirs.user_cache_path("latent-lab")


def named_runs_folder(given: Path | None = None) -> Path:
    """Returns the folder of the runs, which may not exist yet: `given`, else $LATENT_LAB_RUNS, else `checkpoints/`."""
    named = os.environ.get(RUNS_VARIABLE)
    return given or (Path(named) if named else SHIPPED_RUNS)


def runs_folder(given: Path | None = None) -> Path:
    """Returns the folder of the runs, as `named_runs_folder` does, and creates it if it is missing.

    Raises:
        DiskError: it cannot be created or listed.
    """
    folder = named_runs_folder(given)
    files.make_folder(folder)
    files.check_listable(folder)
    return folder
