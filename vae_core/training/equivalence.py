"""Whether two configurations train the same model, so that it is computed once and found again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from vae_core.config import ObjectiveConfig, RunConfig
from vae_core.data import catalogue
from vae_core.errors import LatentLabError, RunNotFound
from vae_core.levels import level_text
from vae_core.storage.runs import Run, list_runs

_DEFAULTS = ObjectiveConfig()


@lru_cache(maxsize=4096)
def essence(config: RunConfig) -> RunConfig:
    """The configuration with every setting that has no effect on its training at its default.

    An autoencoder's beta, a Bernoulli's sigma, a warm-up of nothing, a limit above the number of images. The device
    becomes "auto" and is compared apart.
    """
    objective = config.objective
    values: dict[str, Any] = {"device": "auto"}
    if any(config.data.levels):
        values["level"] = level_text(*config.data.levels)  # the usual level, named or not
    if config.model.model == "ae":
        names = ("beta", "beta_schedule", "warmup_epochs", "capacity", "gamma")
        values |= _default(*names) | {"encoder": "shared"}
    elif objective.capacity is not None:
        values |= _default("beta", "beta_schedule")
    else:
        values |= _default("gamma", *(("warmup_epochs",) if objective.beta_schedule == "constant" else ()))
    if config.model.architecture == "mlp" and not config.model.hidden:
        values |= {"activation": "relu"}  # a linear model has none
    if objective.likelihood not in ("gaussian", "gaussian-learned"):
        values |= _default("sigma")
    source = catalogue.SOURCES.get(config.data.dataset)
    if source is not None and (config.data.limit or 0) >= source.train:
        values["limit"] = None
    return config.changed(**values)


def _default(*names: str) -> dict[str, Any]:
    return {name: getattr(_DEFAULTS, name) for name in names}


def is_same(one: RunConfig, other: RunConfig) -> bool:
    """Whether two configurations train the same model on the same data, named alike, from the same seed.

    `threads` and a named `device` count, since they change the last bits and with them, over thousands of steps, the
    second decimal of the figures; "auto" is content with what the other one names.
    """
    devices = {one.training.device, other.training.device} - {"auto"}
    return len(devices) < 2 and essence(one) == essence(other)


def find_same(roots: Path | Sequence[Path], config: RunConfig) -> Run | None:
    """A run of just this configuration that has its result or is on its way to it: done, diverged (it would again),
    running, paused or waiting. Shipped runs count where their folder is among the roots.

    Args:
        roots: folders of runs, the first one first.
        config: what is asked for; compared by `is_same`.
    """
    return same_among(runs_of(roots), config)


def runs_of(roots: Path | Sequence[Path]) -> list[Run]:
    """All readable runs of these folders, the first folder first."""
    given = [roots] if isinstance(roots, Path) else roots
    return [run for root in given for run in list_runs(root)[0]]


def same_among(runs: Sequence[Run], config: RunConfig) -> Run | None:
    """As `find_same`, among runs that were listed already."""
    matching = [(run, state_of(run)) for run in runs if is_same(run.config, config)]
    found = [run for run, state in matching if state == "diverged" or (state == "done" and run.is_finished())]
    active = [run for run, state in matching if state in ("running", "paused", "queued")]
    return next(iter([*found, *active]), None)


def resumable_among(runs: Sequence[Run], config: RunConfig) -> Run | None:
    """One that was stopped or whose worker died, to go on in place of a new one."""
    ended = ("stopped", "interrupted", "failed")
    return next((run for run in runs if is_same(run.config, config) and state_of(run) in ended), None)


def state_of(run: Run) -> str:
    """As `Run.state`, and "gone" or "damaged" for a folder that was removed or cannot be read."""
    try:
        return run.state()
    except RunNotFound:
        return "gone"
    except LatentLabError:
        return "damaged"
