"""Finds a run by its folder, its id, or the name that the user gave it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from vae_core.errors import NameInvalid, RunNotFound
from vae_core.storage import files, paths
from vae_core.storage.runs import ID, Run, check_id, is_shipped, list_runs, open_folder, open_run

SHOWN = 60
LISTED = 5


def find_run(given: str, root: Path) -> Run:
    """Returns the run given as the path of a folder, an id, or a name, tried in this order.

    Ids and names are searched under `root` first, then among the shipped runs. Names must match exactly.

    Raises:
        RunNotFound: there is no such run.
        NameInvalid: several runs have that name; the message lists their ids.
        CheckpointCorrupt, ConfigError, SchemaTooNew: the run's configuration cannot be read.
    """
    # os.path: Path.is_file raises if a name is too long
    if os.path.isfile(Path(given) / "config.json"):  # noqa: PTH113
        return open_folder(Path(given).resolve())
    if ID.fullmatch(given) and any(os.path.lexists(folder / given) for folder in (root, paths.SHIPPED_RUNS)):
        return open_anywhere(root, given)
    for folder in _search_path(root):
        if named := _runs_named(given, folder):
            check_single([run.id for run in named], f"runs are called {given!r}")
            return named[0]
    raise RunNotFound(f"There is no run {given[:SHOWN]!r} in {str(root)!r}; list their ids and names with 'runs'.")


def open_anywhere(root: Path, run_id: str) -> Run:
    """Returns the run with that id under `root`, else the shipped one.

    Raises:
        NameInvalid, RunNotFound: there is no such run.
        CheckpointCorrupt, ConfigError, SchemaTooNew: its configuration cannot be read.
    """
    shipped = paths.SHIPPED_RUNS / check_id(run_id)
    is_shipped = files.is_there(shipped / "config.json") and not os.path.lexists(root / run_id)
    return open_run(shipped.parent if is_shipped else root, run_id)


def check_single(ids: Sequence[str], what: str) -> None:
    """Checks that no more than one run was found.

    Raises:
        NameInvalid: there are several; the message lists their ids, so that one can be chosen.
    """
    if len(ids) > 1:
        more = f" and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
        raise NameInvalid(f"{len(ids)} {what}: {', '.join(ids[:LISTED])}{more}; give the id of the one you mean.")


def _search_path(root: Path) -> list[Path]:
    return [root] if root.resolve() == paths.SHIPPED_RUNS.resolve() else [root, paths.SHIPPED_RUNS]


def _runs_named(name: str, root: Path) -> list[Run]:
    """Returns the runs under `root` with that name; shipped ones only if there are no others."""
    named = [run for run in list_runs(root)[0] if run.name == name.strip()]
    return [run for run in named if not is_shipped(run)] or named
