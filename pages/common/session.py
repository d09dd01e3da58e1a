"""What the pages share: the one manager of the server, and which run this session looks at."""

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
"""Of Train's address: the kept step of another run that the next one starts from, as RUN@STEP."""
SWEEP = "sweep-"
"""How the ids of the shipped sweep's runs begin."""
TIME = re.compile(r"\d{6}-\d{6}")
RECORDED = "example-vae-2d"
"""The shipped run whose film plays before the first click."""


@st.cache_resource(show_spinner=False)
def manager() -> Manager:
    """The server's manager; one for all sessions. It starts even if the folder of the runs cannot be made or read."""
    return Manager(paths.named_runs_folder())


def check_runs_folder() -> None:
    """Makes the folder of one's own runs if it is missing.

    Raises:
        DiskError: it cannot be made, or cannot be listed.
    """
    paths.runs_folder(manager().root)


def chosen_run() -> Run | None:
    """The run that the address names; a wrong name is said once and forgotten.

    Raises:
        NameInvalid, RunNotFound: the address names no run that is here.
        CheckpointCorrupt, ConfigError, SchemaTooNew: it is here and cannot be read.
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
    """Where runs stand: the person's own, then the shipped ones."""
    own = manager().root
    return [own] if files.same_place(own, paths.SHIPPED_RUNS) else [own, paths.SHIPPED_RUNS]


def is_hidden(root: Path, run_id: str) -> bool:
    """Whether a run under `root` stands behind one of one's own with the same id, as in `open_anywhere`."""
    own = manager().root
    return root != own and files.is_there(own / run_id)


def all_runs() -> list[Run]:
    """The readable runs that `open_anywhere` opens, one's own first, the newest of each first."""
    return [run for root in roots() for run in list_runs(root)[0] if not is_hidden(root, run.id)]


def open_anywhere(run_id: str) -> Run:
    """A run of one's own, else a shipped one.

    Raises:
        NameInvalid, RunNotFound: there is none.
        CheckpointCorrupt, ConfigError, SchemaTooNew: it cannot be read.
    """
    return find_runs.open_anywhere(manager().root, run_id)


def names_of(runs: Iterable[Run]) -> dict[str, str]:
    """The runs' names by their ids; where a name repeats with the time that the id begins with, or the whole id."""
    names = {run.id: run.name for run in runs}
    often = Counter(names.values())
    return {run_id: f"{name} ({_when(run_id)})" if often[name] > 1 else name for run_id, name in names.items()}


def _when(run_id: str) -> str:
    return found[0] if (found := TIME.match(run_id)) else run_id


def choose_run(run: Run | None) -> None:
    """Puts a run into the address, so that a refresh or a link finds it again."""
    if run is not None:
        st.query_params[RUN_PARAMETER] = run.id
    elif RUN_PARAMETER in st.query_params:
        del st.query_params[RUN_PARAMETER]


def shipped_sweep_ids() -> list[str]:
    """The ids of the shipped sweep's runs, damaged ones too."""
    return sorted(folder.name for folder in paths.SHIPPED_RUNS.glob(f"{SWEEP}*") if folder.is_dir())
