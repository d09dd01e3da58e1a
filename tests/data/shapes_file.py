"""A small file of dSprites' form, for the tests of datasets and of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def shapes_file(path: Path, seed: int = 0) -> Path:
    """Writes 120 random binary images of 8 x 8 pixels, with two factors, to `path`."""
    random = np.random.default_rng(seed)
    images = (random.random((120, 8, 8)) < 0.5).astype(np.uint8)
    np.savez(path, imgs=images, latents_classes=np.stack([np.arange(120) % 3, np.arange(120) % 4], axis=1))
    return path
