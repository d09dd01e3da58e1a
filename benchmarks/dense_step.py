"""The closed-form step of a dense model against the same step by autograd.

784-256-64-2, batch 128, one thread, in turns in one process: whole training steps, batch and optimizer included.
"""

from __future__ import annotations

import time

import torch

from benchmarks.common import Result, dataset_name, median
from vae_core.config import make_config
from vae_core.data.datasets import load_dataset
from vae_core.training.loop import Trainer

TURNS = 9
STEPS = 100


def seconds_of(trainer: Trainer, steps: int = STEPS) -> float:
    began = time.perf_counter()
    for _ in range(steps):
        trainer.train_step()
    return time.perf_counter() - began


def measure() -> Result:
    torch.set_num_threads(1)
    config = make_config(dataset=dataset_name(), epochs=1_000, batch_size=128, threads=1, device="cpu")
    data = load_dataset(config.data.dataset)
    closed_form, autograd = Trainer(config, data), Trainer(config, data)
    autograd.use_autograd()
    for trainer in (closed_form, autograd):
        seconds_of(trainer, 20)
    ratios, speeds = [], []
    for _ in range(TURNS):
        slow, fast = seconds_of(autograd), seconds_of(closed_form)
        ratios.append(slow / fast)
        speeds.append(STEPS * 128 / fast)
    detail = f"{median(speeds):,.0f} images/s in closed form, {len(ratios)} turns of {STEPS} steps each"
    return Result("closed-form step / autograd step", median(ratios), 1.2, True, detail)
