"""Summaries of runs for a table: one row per run, made from small files that are read again only when they change."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vae_core.errors import LatentLabError
from vae_core.storage import files
from vae_core.storage.file_cache import FileCache
from vae_core.storage.measurements import EVALUATION, Figures
from vae_core.storage.runs import KEPT_RUNS, Notes, Run, Status, is_shipped, list_runs
from vae_core.storage.states import State

_SIZES: FileCache[int] = FileCache(KEPT_RUNS)


@dataclass(frozen=True)
class Summary:
    """One run as a table shows it.

    Attributes:
        run: the handle.
        status, notes: contents of its files.
        state: as concluded by a reader (`Run.state`).
        figures: the stored figures of its final weights, or None if they are not computed yet.
        bytes: size of its folder on disk.
        changed: when its status was last written, in seconds since 1970.
        shipped: whether it came with the program and is therefore read-only.
        verified: whether its final weights have a manifest; False for weights copied in by hand.
    """

    run: Run
    status: Status
    notes: Notes
    state: State
    figures: Figures | None
    bytes: int
    changed: float
    shipped: bool
    verified: bool

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def name(self) -> str:
        """The name given by the user, else a short description of the model."""
        return self.run.name

    @property
    def nats(self) -> float | None:
        """The negative ELBO on the whole test split in nats per image, or None if it is not known."""
        return None if self.figures is None else self.figures.negative_elbo_nats


def summaries(root: Path) -> tuple[list[Summary], list[str]]:
    """Returns a row per readable run under `root`, newest first, and an error message per unreadable one."""
    runs, problems = list_runs(root)
    rows: list[Summary] = []
    for run in runs:
        try:
            rows.append(summary(run))
        except LatentLabError as error:  # removed or damaged since it was listed
            problems.append(f"{run.id}: {error}")
    return rows, problems


def summary(run: Run) -> Summary:
    """Returns the row of one run.

    Raises:
        RunNotFound: the run no longer exists.
        CheckpointCorrupt, SchemaTooNew: its status or its notes are damaged.
        DiskError: they cannot be read.
    """
    status = run.status()
    return Summary(
        run,
        status,
        run.notes(),
        run.state() if status.state is State.RUNNING else status.state,
        EVALUATION.read(run),
        _SIZES.get(run.folder, lambda: files.size_of(run.folder)),
        _changed(run),
        is_shipped(run),
        is_verified(run.folder),
    )


def is_verified(folder: Path) -> bool:
    """Returns whether the final weights, if there are any, have a manifest; without one they are not trusted."""
    # os.path: Path.exists twice per run is noticeably slow for thousands of runs
    weights, manifest = f"{folder}/model.safetensors", f"{folder}/model.json"
    return os.path.exists(manifest) or not os.path.exists(weights)  # noqa: PTH110


def _changed(run: Run) -> float:
    try:
        return os.stat(f"{run.folder}/status.json").st_mtime  # noqa: PTH116
    except OSError:
        return 0.0
