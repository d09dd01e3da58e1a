"""What changes while a model trains, as pure functions of the step: nothing is remembered, nothing overwritten."""

from __future__ import annotations

from vae_core.config import ObjectiveConfig


def rise(step: int, steps: float) -> float:
    """From 0 at step 0, linearly, to 1 at `steps` and after."""
    return min(1.0, step / steps)


def beta_at(config: ObjectiveConfig, step: int, steps_per_epoch: int) -> float:
    """The weight of the KL at this step (0 is the first): Bowman et al. 2016, "Generating Sentences", sec. 3.1."""
    if config.beta_schedule == "constant":
        return config.beta
    return config.beta * rise(step, config.warmup_epochs * steps_per_epoch)


def capacity_at(config: ObjectiveConfig, step: int, steps_per_epoch: int) -> float | None:
    """The KL aimed at at this step, nats per image, or None without a capacity: Burgess et al. 2018, sec. 5."""
    if config.capacity is None:
        return None
    return config.capacity * rise(step, config.warmup_epochs * steps_per_epoch)
