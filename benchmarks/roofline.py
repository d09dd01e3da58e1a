"""Training against the roofline: the same matrix products, forward and backward, run back to back.

784-256-64-2, one encoder with two heads, batch 128, one thread; without the product for the input's gradient.
"""

from __future__ import annotations

import time

import torch

from benchmarks.common import Result, dataset_name, median, trained_images_per_second
from vae_core.config import make_config

BATCH = 128
LAYERS = ((784, 256), (256, 64), (64, 4), (2, 64), (64, 256), (256, 784))
TURNS = 3
ROOFLINE_STEPS = 600


def roofline_images_per_second(steps: int = ROOFLINE_STEPS) -> float:
    """Images per second if a step consisted only of its matrix products."""
    products = []
    for index, (before, after) in enumerate(LAYERS):
        x, w, g = torch.randn(BATCH, before), torch.randn(after, before), torch.randn(BATCH, after)
        products.append((x, w.t(), torch.empty(BATCH, after)))
        products.append((g.t(), x, torch.empty(after, before)))
        if index > 0:
            products.append((g, w, torch.empty(BATCH, before)))
    began = time.perf_counter()
    for _ in range(steps):
        for left, right, out in products:
            torch.mm(left, right, out=out)
    return steps * BATCH / (time.perf_counter() - began)


def measure() -> Result:
    torch.set_num_threads(1)
    config = make_config(dataset=dataset_name(), epochs=5, batch_size=BATCH, threads=1, device="cpu")
    ours, roof = [], []
    for _ in range(TURNS):  # the machine's speed drifts, so the roofline is measured before and after each training
        before = roofline_images_per_second()
        ours.append(trained_images_per_second(config))
        roof.append((before + roofline_images_per_second()) / 2)
    ratio = median([our / best for our, best in zip(ours, roof, strict=True)])
    detail = f"{median(ours):,.0f} of {median(roof):,.0f} images/s on {config.data.dataset}"
    return Result("training / roofline", ratio, 0.55, True, detail)
