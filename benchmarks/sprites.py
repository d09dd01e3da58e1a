"""Drawing 100,000 sprites of 64 x 64 against numpy drawing the same number of random bytes."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.common import Result, median
from vae_core.data import sprites

SPEC = sprites.Spec(width=64, images=100_000)
TURNS = 3


def measure() -> Result:
    filled, drawn = [], []
    draw = np.random.default_rng(0)
    for _ in range(TURNS):
        began = time.perf_counter()
        draw.integers(0, 256, SPEC.images * SPEC.width**2, dtype=np.uint8)
        filled.append(time.perf_counter() - began)
        sprites.strips.cache_clear()
        began = time.perf_counter()
        numbers, _ = sprites.combinations(SPEC, draw.permutation(int(np.prod(SPEC.sizes))))
        sprites.draw(sprites.factors_of(numbers, SPEC.width), SPEC.width)
        drawn.append(time.perf_counter() - began)
    ratio = median([our / numpy for our, numpy in zip(drawn, filled, strict=True)])
    detail = f"{median(drawn):.2f} s, random bytes {median(filled):.2f} s"
    return Result("100,000 sprites of 64 x 64 / random bytes", ratio, 10.0, False, detail)
