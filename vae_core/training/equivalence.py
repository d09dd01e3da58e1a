"""Decides whether two configurations train the same model, so that it is trained only once."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.errors import ConfigError, DataError, LatentLabError, RunNotFound
from vae_core.registry.corruption_rows import level_text
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ObjectiveConfig
from vae_core.storage.runs import Run, list_runs
from vae_core.storage.states import State

_DEFAULTS = ObjectiveConfig()
KL_SETTINGS = ObjectiveConfig.model_fields.keys() - {"likelihood", "sigma"}
"""The settings of the objective that an autoencoder does not read."""


@lru_cache(maxsize=4096)
def effective_config(config: RunConfig) -> RunConfig:
    """The configuration with its network settled and every setting that has no effect on its training at the default.

    Examples are an autoencoder's beta, sigma with a Bernoulli likelihood, warm-up epochs of a constant beta, and a
    limit above the number of images. The device becomes "auto" and is compared separately.
    """
    with contextlib.suppress(ConfigError, DataError):  # such as a file that is gone
        config = catalogue.settled(config)
    objective = config.objective
    values: dict[str, Any] = {"device": "auto"}
    if any(config.data.levels):
        values["level"] = level_text(*config.data.levels)  # the default level, given or not
    if not config.model.is_variational:
        values |= _default(*KL_SETTINGS) | {"encoder": "shared"}
    else:
        values |= _default(*KL_SETTINGS - {"objective", *objective.kind.settings})
        values |= {} if objective.has_warmup else _default("warmup_epochs")
    if config.model.hidden == ():
        values |= {"activation": "relu"}  # a linear model has none
    if not LIKELIHOODS[objective.likelihood].has_sigma:
        values |= _default("sigma")
    source = catalogue.SOURCES.get(config.data.dataset)
    if source is not None and (config.data.limit or 0) >= source.train:
        values["limit"] = None
    return config.changed(**values)


def _default(*names: str) -> dict[str, Any]:
    return {name: getattr(_DEFAULTS, name) for name in names}


def is_same(left: RunConfig, right: RunConfig) -> bool:
    """Whether two configurations train the same model from the same seed, on a dataset of the same name.

    `threads` and an explicit `device` count: they change the last bits and so, over thousands of steps, the second
    decimal of the figures. "auto" matches any device.
    """
    devices = {left.training.device, right.training.device} - {"auto"}
    return len(devices) < 2 and effective_config(left) == effective_config(right)


def find_same(roots: Path | Sequence[Path], config: RunConfig) -> Run | None:
    """A run with this configuration that has ended for good or is active, or None.

    That is: done, diverged (it would diverge again), running, paused or queued, in this order of preference.

    Args:
        roots: folders of runs, searched in this order; shipped runs count if their folder is among them.
        config: compared by `is_same`.
    """
    return same_among(runs_of(roots), config)


def runs_of(roots: Path | Sequence[Path]) -> list[Run]:
    """All readable runs of these folders, the first folder first."""
    given = [roots] if isinstance(roots, Path) else roots
    return [run for root in given for run in list_runs(root)[0]]


def same_among(runs: Sequence[Run], config: RunConfig) -> Run | None:
    """Like `find_same`, among runs that are listed already."""
    matching = [(run, state_of(run)) for run in runs if is_same(run.config, config)]
    ended = [run for run, state in matching if state is State.DIVERGED or (state is State.DONE and run.is_finished())]
    active = [run for run, state in matching if state.is_active]
    return next(iter([*ended, *active]), None)


def resumable_among(runs: Sequence[Run], config: RunConfig) -> Run | None:
    """A run with this configuration that can be resumed instead of starting a new one, or None."""
    ended = (State.STOPPED, State.INTERRUPTED, State.FAILED)
    return next((run for run in runs if is_same(run.config, config) and state_of(run) in ended), None)


def state_of(run: Run) -> State:
    """Like `Run.state`, but "gone" or "damaged" for a folder that was removed or cannot be read."""
    try:
        return run.state()
    except RunNotFound:
        return State.GONE
    except LatentLabError:
        return State.DAMAGED
