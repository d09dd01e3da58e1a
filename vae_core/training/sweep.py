"""Sweeps: the same run several times, different in one field alone, each with the same seeds.

    configs = sweep_configs(make_config(latent=10), "beta", [1, 2, 4], seeds=[0, 1, 2])
    sweep = Sweep.start(manager, configs, roots=[runs])
    while not sweep.progress().over: ...

The initial weights and the order of the images are functions of the seed, so that runs of one seed differ in what the
field does and in nothing else. What was computed once is found again by `find_same`. Nothing here imports torch.
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import filelock

from vae_core.config import DEFAULT_HIDDEN, FIELDS, ObjectiveConfig, RunConfig
from vae_core.data import catalogue
from vae_core.errors import ConfigError, DiskError, RunLocked
from vae_core.evaluation.findings import shown_value as shown_value
from vae_core.storage import files
from vae_core.storage.runs import MAX_NAME, RESUMABLE, Control, Run, in_short
from vae_core.training.equivalence import essence, resumable_among, runs_of, same_among, state_of
from vae_core.training.estimate import duration, seconds_for
from vae_core.training.manager import RETRIES

MAX_VALUES = 24
"""Values of the field; a page draws a column for each."""
MAX_RUNS = 100
ENDED = ("done", "stopped", "diverged", "failed", "interrupted", "gone", "damaged")
NOT_SWEPT = ("seed", "threads", "device")
"""Seeds are a list of their own; the other two change how fast it is computed and not what."""


START_SECONDS = 60.0
SPEED_SOURCES = 200
"""So many of the newest runs are asked for their speed: more than a sweep queues, which must not push them out."""


class Executor(Protocol):
    """What trains the runs of a sweep, such as the `Manager` of this machine; its methods are described there."""

    def submit(
        self, config: RunConfig, name: str = "", control: Control | None = None, *, retries: int | None = None
    ) -> Run: ...

    def resume(self, run: Run, control: Control | None = None) -> None: ...

    def pause(self, run: Run) -> None: ...

    def take(self, run: Run) -> None: ...

    def stop(self, run: Run) -> None: ...

    def place(self, run: Run) -> int | None: ...

    def active(self) -> list[Run]: ...


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other sweeps from starting in this folder; one that takes no files holds no new runs either."""
    with contextlib.ExitStack() as held:
        try:
            files.make_folder(folder)
            held.enter_context(files.lock(folder / ".sweeps.lock", timeout=START_SECONDS))
        except filelock.Timeout as error:
            raise RunLocked("Another sweep is being started in this folder; try again in a minute.") from error
        except DiskError:
            pass
        yield


def _name(config: RunConfig, differing: Sequence[str]) -> str:
    """What differs first, since lists cut what is long: 'beta 4, seed 2: VAE, 10 latents, beta 4, mnist-sample'."""
    values = (config.flat().get(name) for name in differing)
    texts = [f"{value:g}" if isinstance(value, float) else _text(value) for value in values]
    first = ", ".join(f"{name} {text}" for name, text in zip(differing, texts, strict=True))
    return f"{first}: {in_short(config)}"[:MAX_NAME] if first else ""


def _text(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def split_values(text: str, field: str = "beta") -> list[str]:
    """A list as a person types it: '1, 2, 4'; sizes of `hidden` hold commas themselves, and are told apart by ';'."""
    parts = text.split(";" if field == "hidden" else ",")
    return [part.strip() for part in parts if part.strip()]


def sweep_configs(
    base: RunConfig, field: str, values: Iterable[object], seeds: Iterable[object] = (0,)
) -> list[RunConfig]:
    """A configuration for each value and each seed, all seeds of the first value first.

    Args:
        base: all other fields.
        field: the one that differs, named as in `FIELDS`.
        values, seeds: numbers or their text, such as [1, "2.5"]; at most `MAX_VALUES` and `MAX_RUNS` in all.

    Raises:
        ConfigError: the field is none that can differ, or makes no difference in this set-up; there is no value or no
            seed, or too many; one is out of its range, no number, or stands there twice.
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
    if len({essence(config) for config in varied}) < len(varied):
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
    """The base with this value; another architecture comes with its own sizes where the base has its usual ones."""
    values: dict[str, Any] = {field: value}
    if field == "architecture" and base.model.hidden == DEFAULT_HIDDEN[base.model.architecture]:
        values["hidden"] = None
    return base.changed(**values)


def _check_twice(field: str, values: Sequence[object]) -> None:
    twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if twice is not None:
        raise ConfigError(f"{field} {shown_value(twice)} stands there twice; name each value once.")


def _reason(base: RunConfig, field: str) -> str:
    if base.model.model == "ae" and (field in ObjectiveConfig.model_fields or field == "encoder"):
        return "an autoencoder has no KL"
    if field in ("beta", "beta_schedule"):
        return "with a capacity, gamma weighs the KL"
    return "the other settings leave it without effect"


@dataclass(frozen=True)
class Member:
    """One run of a sweep, as it stands.

    Attributes:
        run: its handle.
        state: as `Run.state`, or "gone" or "damaged".
        share: of its steps that are done, 0 to 1.
        place: in the queue, from 1 on, or None.
        message: a sentence for the person, or empty.
        step, epoch: where it stands.
    """

    run: Run
    state: str
    share: float
    place: int | None
    message: str
    step: int
    epoch: float


@dataclass(frozen=True)
class Progress:
    """A sweep as it stands.

    Attributes:
        members: in the order of the sweep.
        share: of all steps, 0 to 1; what has ended counts as whole.
    """

    members: tuple[Member, ...]

    @property
    def total(self) -> int:
        return len(self.members)

    def count(self, *states: str) -> int:
        """How many are in one of these states."""
        return sum(member.state in states for member in self.members)

    @property
    def done(self) -> int:
        return self.count("done")

    @property
    def over(self) -> bool:
        """Whether nothing more will happen by itself; paused runs wait for a person, so a paused sweep is not over."""
        return self.count(*ENDED) == self.total

    @property
    def share(self) -> float:
        shares = [1.0 if member.state in ENDED else member.share for member in self.members]
        return sum(shares) / max(1, len(shares))

    def __str__(self) -> str:
        """'5 of 15 runs done, 2 running, 8 waiting'."""
        words = {"running": "running", "queued": "waiting", "paused": "paused", "stopped": "stopped"}
        words |= {"diverged": "diverged", "failed": "failed", "interrupted": "interrupted", "gone": "gone"}
        parts = [f"{self.count(state)} {word}" for state, word in words.items() if self.count(state)]
        return ", ".join([f"{self.done} of {self.total} run{'' if self.total == 1 else 's'} done", *parts])


@dataclass(frozen=True)
class Sweep:
    """Runs that are trained, paused and stopped as one. It keeps no state: their folders do.

    Attributes:
        executor: what trains them; the server's `Manager`.
        runs: in the order of their configurations.
    """

    executor: Executor
    runs: tuple[Run, ...]

    @classmethod
    def start(cls, executor: Executor, configs: Iterable[RunConfig], roots: Path | Sequence[Path]) -> Sweep:
        """Finds what was computed or is on its way, has what was stopped go on, and submits the rest, in order.

        Sweeps of one folder start one after the other, so that two equal ones at once share their runs.

        Args:
            executor: what trains them.
            configs: as from `sweep_configs`.
            roots: where earlier runs stand, the executor's own folder first.

        Raises:
            RunLocked: other sweeps of this folder are being started all the time.
            LatentLabError: a folder cannot be written; what was submitted before goes on.
        """
        own = (roots if isinstance(roots, Path) else roots[0]).resolve()
        with _alone(own):
            return cls(executor, tuple(cls._start(executor, list(configs), runs_of(roots), own)))

    @staticmethod
    def _start(executor: Executor, configs: list[RunConfig], earlier: list[Run], own: Path) -> list[Run]:
        runs = []
        differing = [name for name in FIELDS if len({config.flat().get(name) for config in configs}) > 1]
        for config in configs:
            found = same_among(earlier, config)
            left = resumable_among([run for run in earlier if run.folder.parent.resolve() == own], config)
            if found is None and left is not None:
                executor.resume(left)
            elif found is not None and state_of(found) == "queued" and executor.place(found) is None:
                executor.take(found)
            runs.append(found or left or executor.submit(config, _name(config, differing), retries=RETRIES))
        return runs

    def progress(self) -> Progress:
        """How each run stands; costs a few small files a run, however long it has trained."""
        return Progress(tuple(self._member(run) for run in self.runs))

    def _member(self, run: Run) -> Member:
        state = state_of(run)
        if state in ("gone", "damaged"):
            message = f"The run {run.id!r} is {'gone' if state == 'gone' else 'damaged'}; leave it out."
            return Member(run, state, 0.0, None, message, 0, 0.0)
        status = run.status()
        share = status.step / status.total_steps if status.total_steps else 0.0
        return Member(run, state, share, self.executor.place(run), status.message, status.step, status.epoch)

    def pause(self) -> None:
        """Has all that run or wait pause, those that wait first, so that none of them starts in between."""
        for member in self._waiting_first():
            if member.state in ("running", "queued"):
                self.executor.pause(member.run)

    def resume(self) -> None:
        """Has all go on that are paused, were stopped, or whose worker died for good, in order."""
        for member in self.progress().members:
            if member.state in RESUMABLE and member.state != "diverged":
                self.executor.resume(member.run)

    def stop(self) -> None:
        """Ends all that are not over; what they have learnt stays, and `resume` or another start goes on from it."""
        for member in self._waiting_first():
            if member.state in ("running", "paused", "queued"):
                self.executor.stop(member.run)

    def _waiting_first(self) -> list[Member]:
        return sorted(self.progress().members, key=lambda member: -(member.place or 0))


@dataclass(frozen=True)
class Estimate:
    """What a sweep will cost.

    Attributes:
        runs: in all.
        found: of these, how many are there already or on their way.
        seconds: until the last one ends, on an idle machine.
    """

    runs: int
    found: int
    seconds: float

    def __str__(self) -> str:
        """'15 runs, about 45 s'."""
        count = f"{self.runs} run{'' if self.runs == 1 else 's'}"
        if self.found == self.runs:
            return f"{count}, all there already"
        there = f", {self.found} of them there already" if self.found else ""
        return f"{count}{there}, about {duration(self.seconds)}"


def estimate(
    configs: Sequence[RunConfig], roots: Path | Sequence[Path], slots: int, earlier: Sequence[Run] = ()
) -> Estimate:
    """How long a sweep will take, before it starts.

    Args:
        configs: as from `sweep_configs`.
        roots: where earlier runs stand.
        slots: runs at once.
        earlier: runs whose measured speed is believed, as for `seconds_for`; left out, the newest of the roots.

    Raises:
        DataError: there is no such dataset.
    """
    runs = runs_of(roots)
    missing = [config for config in configs if same_among(runs, config) is None]
    seconds = [_seconds(config, earlier or runs[:SPEED_SOURCES]) for config in missing]
    free = [0.0] * max(1, min(slots, len(seconds)))
    for needed in seconds:  # each goes to the core that is free first
        heapq.heapreplace(free, free[0] + needed)
    return Estimate(len(configs), len(configs) - len(missing), max(free) if seconds else 0.0)


def _seconds(config: RunConfig, earlier: Sequence[Run]) -> float:
    source = catalogue.find(config.data.dataset)
    return seconds_for(config, source.train, source.shape, earlier)
