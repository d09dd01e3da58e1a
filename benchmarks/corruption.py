"""The cost of corrupting images during training: training with a corruption against the same training without."""

from __future__ import annotations

import time
from typing import Any

import torch

from benchmarks.common import Result, dataset_name, median
from vae_core.config import make_config
from vae_core.data import datasets
from vae_core.training.loop import Trainer

NAMES = ("gaussian", "salt-and-pepper", "masking")
TURNS, STEPS = 15, 40


def seconds_of(trainer: Trainer) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        trainer.train_step()
    return time.perf_counter() - began


def measure() -> Result:
    """Measures the costliest of the three. The sides alternate every few steps, so that both see the same machine load."""
    torch.set_num_threads(1)
    data = datasets.load_dataset(dataset_name())
    common: dict[str, Any] = {"dataset": data.name, "epochs": 1000, "threads": 1, "device": "cpu"}
    plain = Trainer(make_config(**common), data)
    ratios, speeds = {}, {}
    for name in NAMES:
        denoising = Trainer(make_config(**common, corruption=name, level="0.1:0.6"), data)
        seconds_of(denoising), seconds_of(plain)
        pairs = [(seconds_of(plain), seconds_of(denoising)) for _ in range(TURNS)]
        ratios[name] = median([without / with_it for without, with_it in pairs])
        speeds[name] = plain.batch_size * STEPS / median([with_it for _, with_it in pairs])
    detail = ", ".join(f"{name} {ratios[name]:.2f} ({speeds[name]:,.0f} images/s)" for name in NAMES)
    return Result("training with a corruption / without", min(ratios.values()), 0.85, True, detail)
