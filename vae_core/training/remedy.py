"""The remedy for a diverged run: training on from its newest sound step with a smaller learning rate."""

from __future__ import annotations

from vae_core.config import RunConfig
from vae_core.storage.runs import Run
from vae_core.storage.usable_steps import usable_steps

SAFE_RATE = 1e-3
"""Adam's usual learning rate, and the default."""


def smaller_rate(lr: float) -> float:
    """The usual learning rate, or a tenth of `lr` if `lr` is not above it."""
    return SAFE_RATE if lr > SAFE_RATE else float(f"{lr / 10:.1g}")


def remedy(run: Run) -> RunConfig:
    """Configuration of a new run that replaces a diverged one and starts from its newest sound step.

    Step 0 needs no parent: the initial weights are a function of the seed.
    """
    step = max(usable_steps(run), default=0)
    parent = f"{run.id}@{step}" if step else run.config.parent
    return run.config.changed(lr=smaller_rate(run.config.training.lr), parent=parent)
