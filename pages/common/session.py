"""What the pages share: the server's manager, the runs, and the run that this session has selected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from vae_core.errors import LatentLabError
from vae_core.storage import files, find_runs, paths
from vae_core.storage.runs import Run, list_runs
from vae_core.training.manager import Manager

RUN_PARAMETER = "run"
ORIGIN_PARAMETER = "from"
"""Query parameter of Train: the step of another run from which the next one starts, as RUN@STEP."""
SWEEP = "sweep-"
"""Id prefix of the shipped sweep's runs."""
TIME = re.compile(r"\d{6}-\d{6}")
RECORDED = "example-vae-2d"
"""The shipped run whose film plays before the first click."""


@st.cache_resource(show_spinner=False)
def manager() -> Manager:
    """The server's manager, one for all sessions. It starts even if the runs folder cannot be created or read."""
    return Manager(paths.named_runs_folder())


def check_runs_folder() -> None:
    """Creates the user's runs folder if it is missing.

    Raises:
        DiskError: it cannot be created or listed.
    """
    paths.runs_folder(manager().root)


def chosen_run() -> Run | None:
    """The run named in the URL, or None. An invalid name is reported once and removed from the URL.

    Raises:
        NameInvalid, RunNotFound: there is no such run.
        CheckpointCorrupt, ConfigError, SchemaTooNew: the run cannot be read.
    """
    run_id = st.query_params.get(RUN_PARAMETER)
    if run_id is None:
        return None
    try:
        run = open_anywhere(run_id)
        run.status()
    except LatentLabError:
        del st.query_params[RUN_PARAMETER]
        raise
    return run


def roots() -> list[Path]:
    """The folders that contain runs: the user's own, then the shipped ones."""
    own = manager().root
    return [own] if files.same_place(own, paths.SHIPPED_RUNS) else [own, paths.SHIPPED_RUNS]


def is_hidden(root: Path, run_id: str) -> bool:
    """Whether a run under `root` is hidden by one of the user's runs with the same id, as in `open_anywhere`."""
    own = manager().root
    return root != own and files.is_there(own / run_id)


def all_runs() -> list[Run]:
    """All readable runs that `open_anywhere` can open: the user's, then the shipped ones, each newest first."""
    return [run for root in roots() for run in list_runs(root)[0] if not is_hidden(root, run.id)]


def open_anywhere(run_id: str) -> Run:
    """Opens one of the user's runs, otherwise a shipped one.

    Raises:
        NameInvalid, RunNotFound: there is no such run.
        CheckpointCorrupt, ConfigError, SchemaTooNew: it cannot be read.
    """
    return find_runs.open_anywhere(manager().root, run_id)


def names_of(runs: Iterable[Run]) -> dict[str, str]:
    """The runs' names by id. Repeated names get the time with which the id begins, or the whole id."""
    names = {run.id: run.name for run in runs}
    counts = Counter(names.values())
    return {run_id: f"{name} ({_when(run_id)})" if counts[name] > 1 else name for run_id, name in names.items()}


def _when(run_id: str) -> str:
    return match[0] if (match := TIME.match(run_id)) else run_id


def choose_run(run: Run | None) -> None:
    """Writes a run to the URL, so that a reload or a link finds it again."""
    if run is not None:
        st.query_params[RUN_PARAMETER] = run.id
    elif RUN_PARAMETER in st.query_params:
        del st.query_params[RUN_PARAMETER]


def shipped_sweep_ids() -> list[str]:
    """The ids of the shipped sweep's runs, including damaged ones."""
    return sorted(folder.name for folder in paths.SHIPPED_RUNS.glob(f"{SWEEP}*") if folder.is_dir())
