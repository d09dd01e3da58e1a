"""The run folder: a run's configuration, its status, and what the pages request of its worker.

    config.json   never changes             status.json   state, step, message; replaced atomically
    longer.json   an extended run's epochs  moved.json    a moved dataset's path
    control.json  requests to the worker    notes.json    name and notes given by the user
    watched       touched by open pages     .lock         held by the process that trains

File names inside the folder are fixed. The run's id is the only part of a path that is user input, and it is validated.
"""

from __future__ import annotations

import functools
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Strict
from pydantic import dataclasses as pydantic

from vae_core.config import RunConfig, parse_config
from vae_core.errors import (
    LatentLabError,
    NameInvalid,
    RunNotFound,
    RunStateError,
)
from vae_core.registry.model_rows import MODELS
from vae_core.storage import files, paths
from vae_core.storage.documents import Count, Number, Text, read_document
from vae_core.storage.file_cache import FileCache
from vae_core.storage.overrides import apply_overrides
from vae_core.storage.overrides import extend_run as extend_run
from vae_core.storage.states import State

SCHEMA = 1
ID = re.compile(r"[a-z0-9-]{1,40}")
WATCHED_SECONDS = 5.0
MAX_NAME = 80
MAX_NOTES = 10_000
KEPT_RUNS = 20_000
T = TypeVar("T")


def _written(state: State) -> State:
    if not state.is_written:
        raise ValueError("this state is concluded by readers and never written")
    return state


WrittenState = Annotated[State, AfterValidator(_written)]


@pydantic.dataclass(frozen=True)
class Status:
    """The status of a run.

    Attributes:
        state: a state that may be written (`State.is_written`).
        step, total_steps: optimizer steps done and in all.
        epoch: passes over the data, as a fraction.
        message: a sentence for the user, or empty.
        images_per_second: training speed since the first step of this process.
        seconds: training time of this process since its first step.
        heartbeat: a counter that increases while the worker is alive.
        notes: warnings about this run, one sentence each.
        best_step: the step with the lowest held-out target objective so far.
        retries_left: how often a manager may restart the run if its worker dies; None means never.
        cluster: the address of the scheduler on whose workers it trains; empty if it trains on this machine.
        was: the state of a resumed run before it was queued, which it gets back if training cannot start; None for a
            new run.
        diverged_at: the step whose loss ended a diverged run; `step` is then the last one with a finite loss. Also None
            for a run that diverged in an older version, whose newest weights gave that loss.
        scheduler_lost: whether it stopped because the connection to the cluster's scheduler was lost.
        stalled: whether it ended before its last epoch because its patience was exhausted.
    """

    state: WrittenState = State.QUEUED
    step: Count = 0
    total_steps: Count = 0
    epoch: Number = 0.0
    message: Text = ""
    images_per_second: Number | None = None
    seconds: Number = 0.0
    heartbeat: Count = 0
    notes: tuple[Text, ...] = ()
    best_step: Count | None = None
    retries_left: Count | None = None
    cluster: Text = ""
    was: Annotated[WrittenState | None, BeforeValidator(lambda value: value or None)] = None
    diverged_at: Count | None = None
    scheduler_lost: Annotated[bool, Strict()] = False
    stalled: Annotated[bool, Strict()] = False


@pydantic.dataclass(frozen=True)
class Control:
    """What the pages request of the worker. Requests are idempotent.

    Attributes:
        want: "run", "pause" or "stop".
        step_until: the step at which to pause; None does not pause.
        rate: the maximum number of steps per second; None is full speed.
        rate_until: the step from which to run at full speed again; None keeps the rate.
    """

    want: Literal["run", "pause", "stop"] = "run"
    step_until: Count | None = None
    rate: Number | None = None
    rate_until: Count | None = None


@pydantic.dataclass(frozen=True)
class Notes:
    """The name and notes that the user gave a run."""

    name: Text = ""
    notes: Text = ""


@dataclass(frozen=True)
class Run:
    """A handle to one run's folder; it holds no state of its own."""

    folder: Path
    config: RunConfig = field(repr=False)

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def lock_path(self) -> Path:
        return self.folder / ".lock"

    def status(self) -> Status:
        """Reads `status.json`."""
        path = f"{self.folder}/status.json"
        return _STATUSES.get(path, lambda: _document(Path(path), Status))

    def write_status(self, status: Status) -> None:
        files.write_json(self.folder / "status.json", {"schema": SCHEMA, **asdict(status)}, durable=False)

    def state(self) -> State:
        """Returns the actual state: "running" without a process that holds the lock means that the worker died."""
        state = self.status().state
        if state is State.RUNNING and not files.is_locked(self.lock_path):
            after = self.status().state  # it may have ended between the two checks
            return State.INTERRUPTED if after is State.RUNNING else after
        return state

    def is_finished(self) -> bool:
        """Returns whether the run is done: all epochs that it is configured for now, or none that improved any more."""
        status = self.status()
        is_last = status.stalled or status.epoch > self.config.training.epochs - 1e-3
        return status.state is State.DONE and is_last

    def control(self) -> Control:
        """Reads `control.json`; without the file, nothing but running is requested."""
        path = self.folder / "control.json"
        return _document(path, Control) if files.is_there(path) else Control()

    def write_control(self, control: Control) -> None:
        files.write_json(self.folder / "control.json", {"schema": SCHEMA, **asdict(control)}, durable=False)

    def request(self, **changes: Any) -> None:
        """Changes some of the requests and keeps the others."""
        self.write_control(replace(self.control(), **changes))

    def notes(self) -> Notes:
        return _NOTES.get(f"{self.folder}/notes.json", self._read_notes)

    def _read_notes(self) -> Notes:
        path = self.folder / "notes.json"
        return _document(path, Notes) if files.is_there(path) else Notes()

    def write_notes(self, notes: Notes) -> None:
        files.write_json(self.folder / "notes.json", {"schema": SCHEMA, **asdict(notes)})

    @property
    def name(self) -> str:
        """The name given by the user, else a short description: 'VAE, 2 latents, beta 1, mnist-sample'."""
        return self.notes().name or in_short(self.config)

    def watch(self) -> None:
        """Marks the run as watched; the worker writes previews only for a watched run."""
        files.touch(self.folder / "watched")

    def is_watched(self) -> bool:
        try:
            return time.time() - (self.folder / "watched").stat().st_mtime < WATCHED_SECONDS
        except OSError:
            return False


_CONFIGS: FileCache[RunConfig] = FileCache(KEPT_RUNS)
_STATUSES: FileCache[Status] = FileCache(KEPT_RUNS)
_NOTES: FileCache[Notes] = FileCache(KEPT_RUNS)


def is_shipped(run: Run) -> bool:
    """Returns whether a run came with the program and is therefore read-only.

    Shipped runs are in the program's own folder and have a recorded evaluation, a file that an import never contains.
    """
    # os.path, and this check first: a table of thousands of runs asks for each of them
    return os.path.exists(f"{run.folder}/evaluation.json") and in_usual_place(run)  # noqa: PTH110


def in_usual_place(run: Run) -> bool:
    """Returns whether a run is in the program's own folder, which is the default folder of runs."""
    return _same_folder(os.path.dirname(run.folder), str(paths.SHIPPED_RUNS))  # noqa: PTH120


@functools.lru_cache(maxsize=64)
def _same_folder(first: str, second: str) -> bool:
    return files.same_place(Path(first), Path(second))


def edit_notes(run: Run, *, name: str | None = None, notes: str | None = None) -> Notes:
    """Changes the name or the notes of a run, or both, and returns them.

    Raises:
        RunStateError: it is a shipped run.
        NameInvalid: the name is invalid (`check_name`), or the notes are longer than `MAX_NOTES`.
        RunNotFound, DiskError: the folder no longer exists, or cannot be written.
    """
    if is_shipped(run):
        raise RunStateError(
            f"The run {run.id!r} came with the program and cannot be changed; copy it and rename the copy."
        )
    if notes is not None and len(notes) > MAX_NOTES:
        raise NameInvalid(f"Notes are at most {MAX_NOTES:,} characters; shorten them.")
    before = run.notes()
    if not files.is_folder(run.folder):
        raise RunNotFound(f"The run {run.id!r} is gone; choose another one.")
    after = Notes(before.name if name is None else check_name(name), before.notes if notes is None else notes)
    run.write_notes(after)
    return after


def in_short(config: RunConfig) -> str:
    """Returns a short description, used while a run has no name: 'VAE, 2 latents, beta 1, mnist-sample'."""
    latents = f"{config.model.latent} latent{'s' if config.model.latent > 1 else ''}"
    words = [MODELS[config.model.model].short, latents, config.strength, Path(config.data.dataset).name]
    return ", ".join(word for word in words if word)


def check_name(name: str) -> str:
    """Validates a display name: one line of at most 80 characters, shown literally and never used as a path.

    Raises:
        NameInvalid: it is longer or contains control characters.
    """
    if len(name) > MAX_NAME or not all(character.isprintable() for character in name):
        raise NameInvalid(f"A run's name is one line of at most {MAX_NAME} printable characters; shorten it.")
    return name.strip()


def new_id(config: RunConfig) -> str:
    """Returns a new id that sorts by time and describes the run: 261124-101502-vae-mnist-sample-3f9c."""
    slug = re.sub(r"[^a-z0-9]+", "-", Path(config.data.dataset).stem.lower()).strip("-")[:14] or "images"
    return f"{time.strftime('%y%m%d-%H%M%S')}-{config.model.model}-{slug}-{secrets.token_hex(2)}"


def free_id(root: Path, wanted: str) -> str:
    """Returns the wanted id or, if it is taken under `root` or by a shipped run, the first free one of -2, -3, ..."""
    number = 1
    candidate = check_id(wanted)
    while os.path.lexists(root / candidate) or os.path.lexists(paths.SHIPPED_RUNS / candidate):
        number += 1
        suffix = f"-{number}"
        candidate = wanted[: 40 - len(suffix)] + suffix
    return candidate


def create_run(root: Path, config: RunConfig, name: str = "", run_id: str | None = None) -> Run:
    """Creates a run folder in state "queued".

    Raises:
        NameInvalid: the name or the id is invalid.
        DiskError: the folder cannot be written.
    """
    name = check_name(name)
    folder = root / check_id(run_id or new_id(config))
    files.make_folder(root)
    files.make_folder(folder, must_be_new=True)
    run = Run(folder, config)
    files.write_json(folder / "config.json", config.model_dump(mode="json", by_alias=True))
    if name:
        run.write_notes(Notes(name))
    run.write_status(Status())
    return run


def check_id(run_id: str) -> str:
    """Validates an id: 1 to 40 lower-case letters, digits and hyphens.

    Raises:
        NameInvalid: it is anything else, such as a path.
    """
    if not ID.fullmatch(run_id):
        raise NameInvalid(
            f"{run_id[:60]!r} is not a run id; an id has at most 40 lower-case letters, digits and hyphens."
        )
    return run_id


def open_run(root: Path, run_id: str) -> Run:
    """Opens the run with that id under `root`.

    Raises:
        NameInvalid: `run_id` is not a valid id.
        RunNotFound: there is no such folder, or it has no configuration.
        CheckpointCorrupt, ConfigError, SchemaTooNew: its configuration is damaged.
        DiskError: the folder or a file in it cannot be read.
    """
    return open_folder(root / check_id(run_id))


def open_folder(folder: Path) -> Run:
    """Opens the run in a folder; raises like `open_run`."""
    try:
        config = _CONFIGS.get(f"{folder}/config.json", lambda: parse_config(files.read_json(folder / "config.json")))
        return Run(folder, apply_overrides(folder, config))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunNotFound(
            f"There is no run {folder.name!r} in {str(folder.parent)!r}; list them with 'runs'."
        ) from error


def list_runs(root: Path) -> tuple[list[Run], list[str]]:
    """Returns the readable runs under `root`, newest first, and an error message per folder that cannot be read.

    Never raises, not even if `root` cannot be read. Only files that changed since the last call are parsed again, so that
    listing thousands of runs costs little more than reading their files' times.
    """
    runs, problems = list[Run](), list[str]()
    try:
        names = folder_ids(root)
    except LatentLabError as error:
        return runs, [str(error)]
    for name in names:
        try:
            run = open_folder(root / name)
            run.status()
            run.notes()
            runs.append(run)
        except LatentLabError as error:
            problems.append(f"{name}: {error}")
    return runs, problems


def folder_ids(root: Path) -> list[str]:
    """Returns the ids of all folders under `root`, readable or not, in descending order; empty if `root` does not exist.

    Raises:
        DiskError: `root` cannot be listed.
    """
    try:
        return sorted((name for name in files.folder_names(root) if ID.fullmatch(name)), reverse=True)
    except FileNotFoundError:
        return []


def _document(path: Path, kind: type[T]) -> T:
    try:
        return read_document(path, kind, SCHEMA)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunNotFound(f"The run {path.parent.name!r} is gone; choose another one.") from error
