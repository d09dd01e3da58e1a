"""Random numbers: every draw is a function of (seed, stream, index), so training can resume without saving any state.

The library never uses the global generators of torch or NumPy.
"""

from __future__ import annotations

import hashlib
from enum import Enum

import torch


class Stream(Enum):
    """What a draw is for. Streams of the same seed are independent."""

    INITIALISATION = "initialisation"
    ORDER = "order"
    EPSILON = "epsilon"
    PIXELS = "pixels"
    CORRUPTION = "corruption"
    AUGMENTATION = "augmentation"
    EVALUATION = "evaluation"
    DATA = "data"


def seed_of(seed: int, stream: Stream, index: int = 0) -> int:
    """Returns the seed of one draw, 0 to 2^63 - 1: a BLAKE2b digest, so that neighbouring indices are unrelated."""
    key = f"{seed}/{stream.value}/{index}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1


def generator(seed: int, stream: Stream, index: int = 0, device: torch.device | str = "cpu") -> torch.Generator:
    """Returns a new generator for draw number `index` of this stream."""
    return torch.Generator(device).manual_seed(seed_of(seed, stream, index))
