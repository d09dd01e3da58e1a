"""Reads what `vae_core.export.packing` wrote for the browser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header, and the arrays by name."""
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    body = content[4 + length :]
    assert (4 + length) % 4 == 0
    arrays = {
        name: np.frombuffer(body, dtype, int(np.prod(shape)), offset).reshape(shape)
        for name, (dtype, shape, offset) in header["arrays"].items()
    }
    return header, arrays
