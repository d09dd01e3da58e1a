"""What a table of runs shows: one row a run, made of small files that are read again only when they change."""

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
        status, notes: what its files say.
        state: as a reader concludes it (`Run.state`).
        figures: the kept figures of its final weights, or None where they are not computed yet.
        bytes: of its folder on the disk.
        changed: when its status was written last, seconds since 1970.
        shipped: it came with the program: read-only.
        verified: its final weights have a manifest; False for weights that somebody copied in by hand.
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
        """What the person called it, else what it is in short."""
        return self.run.name

    @property
    def nats(self) -> float | None:
        """The negative ELBO on the whole test split, nats per image, where it is known."""
        return None if self.figures is None else self.figures.negative_elbo_nats


def summaries(root: Path) -> tuple[list[Summary], list[str]]:
    """A row for each readable run under `root`, newest first, and the sentences of `list_runs` about the others."""
    runs, problems = list_runs(root)
    rows: list[Summary] = []
    for run in runs:
        try:
            rows.append(summary(run))
        except LatentLabError as error:  # removed or damaged since the list was made
            problems.append(f"{run.id}: {error}")
    return rows, problems


def summary(run: Run) -> Summary:
    """The row of one run.

    Raises:
        RunNotFound: it is gone.
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
    """Whether the final weights, where there are any, have the manifest without which nothing believes them."""
    # os.path, since two looks by Path for each of thousands of runs would be felt
    weights, manifest = f"{folder}/model.safetensors", f"{folder}/model.json"
    return os.path.exists(manifest) or not os.path.exists(weights)  # noqa: PTH110


def _changed(run: Run) -> float:
    try:
        return os.stat(f"{run.folder}/status.json").st_mtime  # noqa: PTH116
    except OSError:
        return 0.0
