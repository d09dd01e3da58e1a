"""The closed-form step of a dense model against the step that it replaced: autograd, and Adam on one tensor per layer.

784-256-64-2, batch 128, one thread, in turns in one process: whole training steps, batch and optimizer included.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.common import Result, dataset_name, median
from vae_core.config import make_config
from vae_core.data.datasets import load_dataset
from vae_core.training.loop import Trainer

TURNS = 9
STEPS = 100


def autograd_step(trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
    """One step as it was: gradients in fresh memory, and one tensor per layer for the optimizer."""
    terms, loss = trainer._forward()
    loss.item()
    parameters = optimizer.param_groups[0]["params"]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    trainer.step += 1
    terms.means()


def seconds_of(step: Callable[[], object], steps: int = STEPS) -> float:
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - began


def measure() -> Result:
    torch.set_num_threads(1)
    config = make_config(dataset=dataset_name(), epochs=1_000, batch_size=128, threads=1, device="cpu")
    data = load_dataset(config.data.dataset)
    trainer, other = Trainer(config, data), Trainer(config, data)
    for parameter in other.flat.parameters:
        parameter.data = parameter.detach().clone()
    optimizer = torch.optim.Adam(other.flat.parameters, lr=config.training.lr, fused=True)

    def replaced() -> None:
        autograd_step(other, optimizer)

    ratios, speeds = [], []
    for turn in range(TURNS + 1):
        slow, fast = seconds_of(replaced), seconds_of(trainer.train_step)
        if turn:  # the first one warms up
            ratios.append(slow / fast)
            speeds.append(STEPS * 128 / fast)
    detail = f"{median(speeds):,.0f} images/s in closed form, {len(ratios)} turns of {STEPS} steps each"
    return Result("closed-form step / the step that it replaced", median(ratios), 1.2, True, detail)
