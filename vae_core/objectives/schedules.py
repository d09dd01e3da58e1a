"""Schedules of beta, capacity and learning rate, as pure functions of the step: they keep no state."""

from __future__ import annotations

import math

from vae_core.settings import ObjectiveConfig, TrainingConfig


def linear_ramp(step: int, steps: float) -> float:
    """Rises linearly from 0 at step 0 to 1 at `steps`, and stays there."""
    return min(1.0, step / steps)


def beta_at(config: ObjectiveConfig, step: int, steps_per_epoch: int) -> float:
    """The weight of the KL at this step (0 is the first): Bowman et al. 2016, "Generating Sentences", sec. 3.1."""
    if config.beta_schedule == "constant":
        return config.beta
    return config.beta * linear_ramp(step, config.warmup_epochs * steps_per_epoch)


def capacity_at(config: ObjectiveConfig, step: int, steps_per_epoch: int) -> float | None:
    """The target of the KL at this step in nats per image, or None without a capacity: Burgess et al. 2018, sec. 5."""
    if config.capacity is None:
        return None
    return config.capacity * linear_ramp(step, config.warmup_epochs * steps_per_epoch)


def learning_rate_at(config: TrainingConfig, step: int, steps_per_epoch: int) -> float:
    """The learning rate of this step's update (0 is the first).

    During the warm-up it rises linearly and reaches its full value with the last step of the warm-up. A cosine falls to 0
    over all epochs (Loshchilov & Hutter 2017, "SGDR", eq. 5, without restarts); steps divide it by 10 after one half and
    after three quarters of the epochs.
    """
    warmup = config.lr_warmup_epochs * steps_per_epoch
    share = step / (config.epochs * steps_per_epoch)
    rate = config.lr * (linear_ramp(step + 1, warmup) if warmup else 1.0)
    if config.lr_schedule == "cosine":
        return rate * 0.5 * (1.0 + math.cos(math.pi * share))
    return rate * 0.1 ** ((share >= 0.5) + (share >= 0.75)) if config.lr_schedule == "step" else rate
