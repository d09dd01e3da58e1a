"""Every random draw is a function of (seed, stream, index): nothing has to be remembered to go on in the middle.

The library never touches torch's or numpy's global generators.
"""

from __future__ import annotations

import hashlib
from enum import Enum

import torch


class Stream(Enum):
    """What a draw is for; two streams of one seed are independent."""

    INITIALISATION = "initialisation"
    ORDER = "order"
    EPSILON = "epsilon"
    PIXELS = "pixels"
    CORRUPTION = "corruption"
    AUGMENTATION = "augmentation"
    EVALUATION = "evaluation"
    DATA = "data"


def seed_of(seed: int, stream: Stream, index: int = 0) -> int:
    """A seed in 0 to 2^63 - 1 for one draw: a BLAKE2b digest, so neighbouring indices share nothing."""
    key = f"{seed}/{stream.value}/{index}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1


def generator(seed: int, stream: Stream, index: int = 0, device: torch.device | str = "cpu") -> torch.Generator:
    """A new generator that stands at the start of this stream's draw number `index`."""
    return torch.Generator(device).manual_seed(seed_of(seed, stream, index))
