"""The run folder: what was asked, how it stands, and what the pages want of its worker.

    config.json   never changes          status.json    state, step, message; replaced whole
    longer.json   more epochs than asked at first; moved.json  where its dataset's file is now
    control.json  wants, not orders      notes.json     the person's name and notes
    watched       somebody is looking    .lock          held by the process that trains

Paths inside a folder are ours; a run's id is the only part that comes from outside, and it is checked.
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

from pydantic import AfterValidator, BeforeValidator
from pydantic import dataclasses as pydantic

from vae_core.config import RunConfig, parse_config
from vae_core.errors import (
    LatentLabError,
    NameInvalid,
    RunNotFound,
    RunStateError,
)
from vae_core.storage import files, paths
from vae_core.storage.changes import changed
from vae_core.storage.changes import make_longer as make_longer
from vae_core.storage.documents import Count, Number, Text, read_document
from vae_core.storage.file_cache import FileCache
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
        raise ValueError("concluded by readers, never written")
    return state


WrittenState = Annotated[State, AfterValidator(_written)]


@pydantic.dataclass(frozen=True)
class Status:
    """How a run stands.

    Attributes:
        state: one that is written (`State.is_written`).
        step, total_steps: optimizer steps done and asked for.
        epoch: passes over the data, as a fraction.
        message: a sentence for the person, or empty.
        images_per_second: of training, over the time since the first step of this process.
        seconds: of training in this process, from the first step on.
        heartbeat: a counter that a living worker keeps raising.
        notes: warnings of this run, a sentence each.
        best_step: the step whose held-out target objective is the lowest so far.
        retries_left: how often a manager may still start a worker that died on it anew; None is not at all.
        cluster: the address of the scheduler whose workers have it, or empty where this machine trains it.
        was: of a run that is queued to go on, the state it had before; it gets that back if it cannot begin. None for
            one that is new.
        diverged_at: the step whose loss ended a diverged run; `step` is then the last one with a sound loss. None also
            for a diverged run of an older version, whose newest weights gave that loss.
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
    stalled: bool = False


@pydantic.dataclass(frozen=True)
class Control:
    """What the pages want of the worker. Wants may be said twice without harm.

    Attributes:
        want: "run", "pause" or "stop".
        step_until: pause once this step is reached; None goes on.
        rate: at most this many steps a second; None is full speed.
        rate_until: from this step on at full speed; None keeps the rate.
    """

    want: Literal["run", "pause", "stop"] = "run"
    step_until: Count | None = None
    rate: Number | None = None
    rate_until: Count | None = None


@pydantic.dataclass(frozen=True)
class Notes:
    """What a person wrote about a run."""

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
        """What `status.json` says."""
        path = f"{self.folder}/status.json"
        return _STATUSES.get(path, lambda: _document(Path(path), Status))

    def write_status(self, status: Status) -> None:
        files.write_json(self.folder / "status.json", {"schema": SCHEMA, **asdict(status)}, durable=False)

    def state(self) -> State:
        """The state as a reader concludes it: "running" with the lock free means that the worker died."""
        state = self.status().state
        if state is State.RUNNING and not files.is_locked(self.lock_path):
            after = self.status().state  # it may have ended between the two looks
            return State.INTERRUPTED if after is State.RUNNING else after
        return state

    def is_finished(self) -> bool:
        """Done, with as many epochs as are asked for by now, or because it no longer improved."""
        status = self.status()
        is_last = status.stalled or status.epoch > self.config.training.epochs - 1e-3
        return status.state is State.DONE and is_last

    def control(self) -> Control:
        """What is wanted; a folder without the file wants nothing but running."""
        path = self.folder / "control.json"
        return _document(path, Control) if files.is_there(path) else Control()

    def write_control(self, control: Control) -> None:
        files.write_json(self.folder / "control.json", {"schema": SCHEMA, **asdict(control)}, durable=False)

    def want(self, **changes: Any) -> None:
        """Changes some of the wants and leaves the others."""
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
        """What the person called it, else what it is in short: 'VAE, 2 latents, beta 1, mnist-sample'."""
        return self.notes().name or in_short(self.config)

    def watch(self) -> None:
        """Says that somebody is looking; the worker writes previews only then."""
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
    """Whether it came with the program: read-only, to be copied and not changed.

    Only the folder of the program itself holds such runs, each with its recorded evaluation, and nothing that is
    imported may bring that file along.
    """
    # os.path, and this first, since a table of thousands of runs asks for each
    return os.path.exists(f"{run.folder}/evaluation.json") and in_usual_place(run)  # noqa: PTH110


def in_usual_place(run: Run) -> bool:
    """Whether it stands in the program's own folder, which is that of the runs when nobody names another."""
    return _same_folder(os.path.dirname(run.folder), str(paths.SHIPPED_RUNS))  # noqa: PTH120


@functools.lru_cache(maxsize=64)
def _same_folder(one: str, other: str) -> bool:
    return files.same_place(Path(one), Path(other))


def edit_notes(run: Run, *, name: str | None = None, notes: str | None = None) -> Notes:
    """Writes a new name or new notes beside a run, and returns both; what is left out stays.

    Raises:
        RunStateError: it is a shipped run.
        NameInvalid: the name is none (`check_name`), or the notes are longer than `MAX_NOTES`.
        RunNotFound, DiskError: the folder is gone, or cannot be written.
    """
    if is_shipped(run):
        raise RunStateError(f"The run {run.id!r} came with the program and is not changed; copy it and name the copy.")
    if notes is not None and len(notes) > MAX_NOTES:
        raise NameInvalid(f"Notes are at most {MAX_NOTES:,} characters; shorten them.")
    before = run.notes()
    if not files.is_folder(run.folder):
        raise RunNotFound(f"The run {run.id!r} is gone; choose another one.")
    after = Notes(before.name if name is None else check_name(name), before.notes if notes is None else notes)
    run.write_notes(after)
    return after


def in_short(config: RunConfig) -> str:
    """What a run is called while nobody has named it: 'VAE, 2 latents, beta 1, mnist-sample'."""
    latents = f"{config.model.latent} latent{'s' if config.model.latent > 1 else ''}"
    weight = [f"beta {config.objective.beta:g}"] if config.model.model == "vae" else []
    return ", ".join([config.model.model.upper(), latents, *weight, Path(config.data.dataset).name])


def check_name(name: str) -> str:
    """A name for people: any text of one line up to 80 characters; shown literally, never used as a path.

    Raises:
        NameInvalid: it is longer, or holds control characters.
    """
    if len(name) > MAX_NAME or not all(character.isprintable() for character in name):
        raise NameInvalid(f"A run's name is one line of at most {MAX_NAME} printable characters; shorten it.")
    return name.strip()


def new_id(config: RunConfig) -> str:
    """An id that sorts by time and says a little: 261124-101502-vae-mnist-sample-3f9c."""
    slug = re.sub(r"[^a-z0-9]+", "-", Path(config.data.dataset).stem.lower()).strip("-")[:14] or "images"
    return f"{time.strftime('%y%m%d-%H%M%S')}-{config.model.model}-{slug}-{secrets.token_hex(2)}"


def free_id(root: Path, wanted: str) -> str:
    """The id, or where it is taken under `root` or by a shipped run the first with -2, -3, ... behind it."""
    number = 1
    candidate = check_id(wanted)
    while os.path.lexists(root / candidate) or os.path.lexists(paths.SHIPPED_RUNS / candidate):
        number += 1
        suffix = f"-{number}"
        candidate = wanted[: 40 - len(suffix)] + suffix
    return candidate


def create_run(root: Path, config: RunConfig, name: str = "", run_id: str | None = None) -> Run:
    """Makes a run folder in state "queued".

    Raises:
        NameInvalid: the name or the id is not one.
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
    """The id, if it is one: small letters, digits and hyphens, 1 to 40 of them.

    Raises:
        NameInvalid: anything else, paths among them.
    """
    if not ID.fullmatch(run_id):
        raise NameInvalid(f"{run_id[:60]!r} is no run id: small letters, digits and hyphens, at most 40.")
    return run_id


def open_run(root: Path, run_id: str) -> Run:
    """The run of that id under `root`.

    Raises:
        NameInvalid: it is no id.
        RunNotFound: there is no such folder, or it holds no configuration.
        CheckpointCorrupt, ConfigError, SchemaTooNew: its configuration is damaged.
        DiskError: the folder or a file in it cannot be read.
    """
    return open_folder(root / check_id(run_id))


def open_folder(folder: Path) -> Run:
    """The run in a folder; raises as `open_run` does."""
    try:
        config = _CONFIGS.get(f"{folder}/config.json", lambda: parse_config(files.read_json(folder / "config.json")))
        return Run(folder, changed(folder, config))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunNotFound(
            f"There is no run {folder.name!r} in {str(folder.parent)!r}; list them with 'runs'."
        ) from error


def list_runs(root: Path) -> tuple[list[Run], list[str]]:
    """The readable runs under `root`, newest first, and a sentence for each folder that cannot be read, `root` included.

    Nothing in the folder makes this raise. Only what changed since the last call is read and parsed again, so that
    thousands of runs cost a look at their files' times.
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
    """The folders under `root` whose name is an id, readable or not, the last one first; none if `root` is not there.

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
