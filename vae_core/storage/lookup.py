"""Finds a run by what a person calls it: a folder, an id, or the name they gave it."""

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
    """The run that a person means by a folder's path, an id, or a name.

    They are tried in this order. An id or a name is looked for under `root` first, then among the shipped runs; names
    must match exactly.

    Raises:
        RunNotFound: no run is called that.
        NameInvalid: several runs have that name; the sentence lists their ids.
        CheckpointCorrupt, ConfigError, SchemaTooNew: the run's configuration cannot be read.
    """
    # os.path, since Path.is_file raises for names that are too long
    if os.path.isfile(Path(given) / "config.json"):  # noqa: PTH113
        return open_folder(Path(given).resolve())
    if ID.fullmatch(given) and any(os.path.lexists(place / given) for place in (root, paths.SHIPPED_RUNS)):
        return open_anywhere(root, given)
    for place in _places(root):
        if named := _called(given, place):
            check_single([run.id for run in named], f"runs are called {given!r}")
            return named[0]
    raise RunNotFound(f"There is no run {given[:SHOWN]!r} in {str(root)!r}; list their ids and names with 'runs'.")


def open_anywhere(root: Path, run_id: str) -> Run:
    """The run of that id under `root`, else the shipped one.

    Raises:
        NameInvalid, RunNotFound: there is none.
        CheckpointCorrupt, ConfigError, SchemaTooNew: its configuration cannot be read.
    """
    shipped = paths.SHIPPED_RUNS / check_id(run_id)
    is_shipped = files.is_there(shipped / "config.json") and not os.path.lexists(root / run_id)
    return open_run(shipped.parent if is_shipped else root, run_id)


def check_single(ids: Sequence[str], what: str) -> None:
    """Refuses several runs where one is meant.

    Raises:
        NameInvalid: there are several; the sentence lists their ids, so that one can be chosen.
    """
    if len(ids) > 1:
        more = f" and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
        raise NameInvalid(f"{len(ids)} {what}: {', '.join(ids[:LISTED])}{more}; give the id of the one you mean.")


def _places(root: Path) -> list[Path]:
    return [root] if root.resolve() == paths.SHIPPED_RUNS.resolve() else [root, paths.SHIPPED_RUNS]


def _called(name: str, root: Path) -> list[Run]:
    """The runs under `root` with that name; where some of them are one's own, only those."""
    named = [run for run in list_runs(root)[0] if run.name == name.strip()]
    return [run for run in named if not is_shipped(run)] or named
