"""The optimizers, one row each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from vae_core.settings import TrainingConfig

MOMENTUM = 0.9

OPTIMIZERS: dict[str, Callable[[list[Tensor], TrainingConfig], Optimizer]] = {
    "adam": lambda values, config: Adam(values, config.lr, weight_decay=config.weight_decay, fused=True),
    "adamw": lambda values, config: AdamW(values, config.lr, weight_decay=config.weight_decay, fused=True),
    "sgd": lambda values, config: SGD(values, config.lr, MOMENTUM, weight_decay=config.weight_decay, fused=True),
}
"""By the name in the configuration: Kingma & Ba 2015; Loshchilov & Hutter 2019; gradient descent with momentum."""


def build_optimizer(values: Tensor, config: TrainingConfig) -> Optimizer:
    """An optimizer of one flat tensor."""
    return OPTIMIZERS[config.optimizer]([values], config)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Sets the rate of the next update."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def state_of(optimizer: Optimizer, values: Tensor) -> dict[str, Tensor]:
    """What the optimizer remembers: tensors like `values`, and scalars such as the number of steps."""
    return {key: value for key, value in optimizer.state.get(values, {}).items() if torch.is_tensor(value)}
