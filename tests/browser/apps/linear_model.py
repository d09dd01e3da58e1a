"""PCA as a model whose every picture is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.viz.scenes import digits
from vae_core.export.packing import pack_blocks
from vae_core.types import Array


def linear(latent: int) -> tuple[Array, bytes, Callable[[Array], Array]]:
    """PCA of the bundled digits, its codes scaled to variance 1: codes, decoder bytes, and the picture of a code."""
    images, _ = digits()
    flat = images.reshape(len(images), -1).astype(np.float32) / 255
    mean = flat.mean(axis=0)
    directions = np.linalg.svd(flat - mean, full_matrices=False)[2][:latent]
    codes = (flat - mean) @ directions.T
    spread = codes.std(axis=0)
    weight = np.ascontiguousarray((directions * spread[:, None]).T, dtype=np.float32)
    layers = [{"kind": "dense", "shape": [784]}, {"kind": "reshape", "shape": [1, 28, 28]}]
    header = {"image": [1, 28, 28], "latent": latent, "activation": "none", "layers": layers}

    def picture(code: Array) -> Array:
        pixels: Array = np.clip(mean + weight @ code, 0, 1) * 255
        return pixels

    return codes / spread, pack_blocks(header, {"0.weight": weight, "0.bias": mean}), picture
