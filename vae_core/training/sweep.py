"""Sweeps: runs that differ in one field only, each value with the same seeds.

    configs = sweep_configs(make_config(latent=10), "beta", [1, 2, 4], seeds=[0, 1, 2])
    sweep = Sweep.start(manager, configs, roots=[runs])
    while not sweep.progress().over:
        ...

Initial weights and the order of the images are functions of the seed, so runs with the same seed differ only in the
effect of the field. Runs that were trained before are found again (`equivalence`). Nothing here imports torch.
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import filelock

from vae_core.architectures import usual_hidden
from vae_core.config import FIELDS, RunConfig
from vae_core.data import catalogue
from vae_core.errors import ConfigError, DiskError, RunLocked
from vae_core.evaluation.findings import shown_value as shown_value
from vae_core.settings import ObjectiveConfig
from vae_core.storage import files
from vae_core.storage.runs import MAX_NAME, Control, Run, in_short
from vae_core.storage.states import State
from vae_core.training.equivalence import KL_SETTINGS, effective_config, resumable_among, runs_of, same_among, state_of
from vae_core.training.estimate import duration, seconds_for
from vae_core.training.manager import RETRIES

MAX_VALUES = 24
"""Values of the field: a page draws a column for each."""
MAX_RUNS = 100
COUNTED = (
    State.RUNNING, State.QUEUED, State.PAUSED, State.STOPPED, State.DIVERGED, State.FAILED, State.INTERRUPTED, State.GONE
)  # fmt: skip
"""What a sweep counts beside the runs that are done, in this order."""
WORDS = {State.QUEUED: "waiting"}
NOT_SWEPT = ("seed", "threads", "device")
"""Seeds have a list of their own; the other two change the speed of a run and not its result."""
START_SECONDS = 60.0
SPEED_SOURCES = 200
"""How many of the newest runs are asked for their speed: more than a sweep adds, so that it cannot hide the others."""


class Executor(Protocol):
    """Trains the runs of a sweep, for example this machine's `Manager`, where its methods are described."""

    def submit(
        self, config: RunConfig, name: str = "", control: Control | None = None, *, retries: int | None = None
    ) -> Run: ...

    def resume(self, run: Run, control: Control | None = None) -> None: ...

    def pause(self, run: Run) -> None: ...

    def take_over(self, run: Run) -> None: ...

    def stop(self, run: Run) -> None: ...

    def place(self, run: Run) -> int | None: ...

    def active(self) -> list[Run]: ...


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other sweeps from starting in this folder. A folder that cannot be written gets no new runs anyway."""
    with contextlib.ExitStack() as lock:
        try:
            files.make_folder(folder)
            lock.enter_context(files.lock(folder / ".sweeps.lock", timeout=START_SECONDS))
        except filelock.Timeout as error:
            raise RunLocked("Another sweep is being started in this folder; try again in a minute.") from error
        except DiskError:
            pass
        yield


def _name(config: RunConfig, differing: Sequence[str]) -> str:
    """A run's name. What differs comes first, as lists cut long names: 'beta 4, seed 2: VAE, 10 latents'."""
    values = (config.flat().get(name) for name in differing)
    texts = [f"{value:g}" if isinstance(value, float) else _text(value) for value in values]
    first = ", ".join(f"{name} {text}" for name, text in zip(differing, texts, strict=True))
    return f"{first}: {in_short(config)}"[:MAX_NAME] if first else ""


def _text(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def split_values(text: str, field: str = "beta") -> list[str]:
    """Splits a list as typed by a user: '1, 2, 4'. Values of `hidden` contain commas and are separated by ';'."""
    parts = text.split(";" if field == "hidden" else ",")
    return [part.strip() for part in parts if part.strip()]


def sweep_configs(
    base: RunConfig, field: str, values: Iterable[object], seeds: Iterable[object] = (0,)
) -> list[RunConfig]:
    """One configuration per value and seed, starting with all seeds of the first value.

    Args:
        base: provides all other fields.
        field: the field that differs, named as in `FIELDS`.
        values, seeds: numbers or text, such as [1, "2.5"]; at most `MAX_VALUES` values, and `MAX_RUNS` runs in all.

    Raises:
        ConfigError: the field cannot be swept or has no effect with these settings; values or seeds are missing, too
            many, out of range, not numbers, or given twice.
    """
    if field not in FIELDS or field in NOT_SWEPT:
        swept = ", ".join(name for name in FIELDS if name not in NOT_SWEPT)
        raise ConfigError(f"A sweep goes over one of {swept}, not over {str(field)[:60]!r}.")
    values, seeds = list(values), list(seeds)
    _check_counts(field, len(values), len(seeds))
    varied = [_with_value(base, field, value) for value in values]
    _check_twice(field, [config.flat()[field] for config in varied])
    seeded = [base.changed(seed=seed).training.seed for seed in seeds]
    _check_twice("seed", seeded)
    if len({effective_config(config) for config in varied}) < len(varied):
        raise ConfigError(f"{field} makes no difference to such a run: {_reason(base, field)}; choose another field.")
    return [config.changed(seed=seed) for config in varied for seed in seeded]


def _check_counts(field: str, values: int, seeds: int) -> None:
    if not values or not seeds:
        missing = "seed" if values else f"value of {field}"
        raise ConfigError(f"A sweep needs at least one {missing}; name some, such as 0,1,2.")
    if values > MAX_VALUES:
        raise ConfigError(f"A sweep takes at most {MAX_VALUES} values of {field}, not {values}; leave some out.")
    if values * seeds > MAX_RUNS:
        raise ConfigError(
            f"{values} values with {seeds} seeds are {values * seeds} runs, and a sweep has at most {MAX_RUNS}; "
            "leave some out."
        )


def _with_value(base: RunConfig, field: str, value: object) -> RunConfig:
    """The base with this value, settled. Another architecture comes with its own usual sizes if the base has usual ones."""
    values: dict[str, Any] = {field: value}
    if field == "architecture":
        settled = catalogue.settled(base).model
        usual = usual_hidden(settled.architecture, catalogue.find(base.data.dataset).shape)
        values["hidden"] = None if settled.hidden == usual else base.model.hidden
    return catalogue.settled(base.changed(**values))


def _check_twice(field: str, values: Sequence[object]) -> None:
    twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if twice is not None:
        raise ConfigError(f"{field} {shown_value(twice)} is given twice; name each value once.")


def _reason(base: RunConfig, field: str) -> str:
    if not base.model.is_variational and (field in ObjectiveConfig.model_fields or field == "encoder"):
        return "an autoencoder has no KL"
    kind = base.objective.kind
    if field in KL_SETTINGS and field not in kind.settings:
        what = f"a {kind.chosen_by}" if kind.chosen_by else f"the objective {base.objective.objective}"
        return f"with {what}, {kind.weight} weighs the KL"
    return "the other settings leave it without effect"


@dataclass(frozen=True)
class Member:
    """The current state of one run of a sweep.

    Attributes:
        run: its handle.
        state: as `Run.state`, or "gone" or "damaged".
        share: share of its steps that are done, 0 to 1.
        place: place in the queue, from 1 on, or None.
        message: a sentence for the user, or empty.
        step, epoch: how far it is.
        scheduler_lost: as in `Status`.
    """

    run: Run
    state: State
    share: float
    place: int | None
    message: str
    step: int
    epoch: float
    scheduler_lost: bool = False


@dataclass(frozen=True)
class Progress:
    """The current state of a sweep.

    Attributes:
        members: its runs, in the order of the sweep.
    """

    members: tuple[Member, ...]

    @property
    def total(self) -> int:
        return len(self.members)

    def count(self, *states: str) -> int:
        """How many runs are in one of these states."""
        return sum(member.state in states for member in self.members)

    @property
    def done(self) -> int:
        return self.count(State.DONE)

    @property
    def over(self) -> bool:
        """Whether all runs have ended. Paused runs wait for the user, so a paused sweep is not over."""
        return all(member.state.has_ended for member in self.members)

    @property
    def share(self) -> float:
        """Share of all steps that are done, 0 to 1; runs that have ended count as complete."""
        shares = [1.0 if member.state.has_ended else member.share for member in self.members]
        return sum(shares) / max(1, len(shares))

    def __str__(self) -> str:
        """'5 of 15 runs done, 2 running, 8 waiting'."""
        parts = [f"{self.count(state)} {WORDS.get(state, state)}" for state in COUNTED if self.count(state)]
        return ", ".join([f"{self.done} of {self.total} run{'' if self.total == 1 else 's'} done", *parts])


@dataclass(frozen=True)
class Sweep:
    """Runs that are trained, paused and stopped together. Their folders hold all state.

    Attributes:
        executor: trains them; the server's `Manager`, for example.
        runs: in the order of their configurations.
    """

    executor: Executor
    runs: tuple[Run, ...]

    @classmethod
    def start(cls, executor: Executor, configs: Iterable[RunConfig], roots: Path | Sequence[Path]) -> Sweep:
        """Finds runs that are done or active, resumes stopped ones, and submits the rest, in order.

        Sweeps of one folder start one after the other, so that two equal sweeps share their runs.

        Args:
            executor: trains them.
            configs: from `sweep_configs`.
            roots: folders of earlier runs, the executor's own first.

        Raises:
            RunLocked: other sweeps kept this folder busy for `START_SECONDS`.
            LatentLabError: a folder cannot be written; runs that were submitted already go on.
        """
        own = (roots if isinstance(roots, Path) else roots[0]).resolve()
        with _alone(own):
            return cls(executor, tuple(cls._start(executor, list(configs), runs_of(roots), own)))

    @staticmethod
    def _start(executor: Executor, configs: list[RunConfig], earlier: list[Run], own: Path) -> list[Run]:
        runs = []
        differing = [name for name in FIELDS if len({config.flat().get(name) for config in configs}) > 1]
        for config in configs:
            existing = same_among(earlier, config)
            resumable = resumable_among([run for run in earlier if run.folder.parent.resolve() == own], config)
            if existing is None and resumable is not None:
                executor.resume(resumable)
            elif existing is not None and state_of(existing) == State.QUEUED and executor.place(existing) is None:
                executor.take_over(existing)
            new = existing or resumable or executor.submit(config, _name(config, differing), retries=RETRIES)
            runs.append(new)
        return runs

    def progress(self) -> Progress:
        """The current state of each run. Reads a few small files per run, however long it has trained."""
        return Progress(tuple(self._member(run) for run in self.runs))

    def _member(self, run: Run) -> Member:
        state = state_of(run)
        if state in (State.GONE, State.DAMAGED):
            message = f"The run {run.id!r} is {state}; leave it out."
            return Member(run, state, 0.0, None, message, 0, 0.0)
        status = run.status()
        share = status.step / status.total_steps if status.total_steps else 0.0
        place = self.executor.place(run)
        return Member(run, state, share, place, status.message, status.step, status.epoch, status.scheduler_lost)

    def pause(self) -> None:
        """Pauses all running and queued runs, queued ones first, so that none of them starts in between."""
        for member in self._waiting_first():
            if member.state.is_in_progress:
                self.executor.pause(member.run)

    def resume(self) -> None:
        """Resumes, in order, all runs that are paused, stopped, interrupted or failed."""
        for member in self.progress().members:
            if member.state.should_resume:
                self.executor.resume(member.run)

    def stop(self) -> None:
        """Stops all active runs. Their weights stay, and `resume` or another `start` continues from them."""
        for member in self._waiting_first():
            if member.state.is_active:
                self.executor.stop(member.run)

    def _waiting_first(self) -> list[Member]:
        return sorted(self.progress().members, key=lambda member: -(member.place or 0))


@dataclass(frozen=True)
class Estimate:
    """How long a sweep will take.

    Attributes:
        runs: number of runs.
        existing: how many of them exist already or are active.
        seconds: time until the last one ends, on an idle machine.
    """

    runs: int
    existing: int
    seconds: float

    def __str__(self) -> str:
        """'15 runs, about 45 s'."""
        count = f"{self.runs} run{'' if self.runs == 1 else 's'}"
        if self.existing == self.runs:
            return f"{count}, all already there"
        existing = f", {self.existing} already there" if self.existing else ""
        return f"{count}{existing}, about {duration(self.seconds)}"


def estimate(
    configs: Sequence[RunConfig], roots: Path | Sequence[Path], slots: int, earlier: Sequence[Run] = ()
) -> Estimate:
    """Estimates how long a sweep will take, before it starts.

    Args:
        configs: from `sweep_configs`.
        roots: folders of earlier runs.
        slots: number of runs at once.
        earlier: runs whose measured speed counts, as for `seconds_for`; by default the newest ones in `roots`.

    Raises:
        DataError: there is no such dataset.
    """
    runs = runs_of(roots)
    missing = [config for config in configs if same_among(runs, config) is None]
    seconds = [_seconds(config, earlier or runs[:SPEED_SOURCES]) for config in missing]
    free = [0.0] * max(1, min(slots, len(seconds)))
    for needed in seconds:  # each run goes to the core that is free first
        heapq.heapreplace(free, free[0] + needed)
    return Estimate(len(configs), len(configs) - len(missing), max(free) if seconds else 0.0)


def _seconds(config: RunConfig, earlier: Sequence[Run]) -> float:
    source = catalogue.find(config.data.dataset)
    return seconds_for(config, source.train, source.shape, earlier)
