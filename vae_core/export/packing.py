"""Packs a JSON header and raw arrays into bytes that the browser's typed arrays can read.

uint32 little-endian length of the header | header, UTF-8, padded with spaces | arrays, each padded to 4 bytes
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vae_core.types import Array


def pack_blocks(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Packs the header, with an added entry `arrays`, `{name: [type, shape, offset in bytes]}`, and the arrays.

    Args:
        header: JSON-serialisable; numbers must be finite.
        arrays: float32 or uint8, of any shape.
    """
    blocks: list[bytes] = []
    table: dict[str, list[Any]] = {}
    offset = 0
    for name, array in arrays.items():
        block = array.tobytes()
        block += bytes(-len(block) % 4)
        table[name] = [str(array.dtype), list(array.shape), offset]
        blocks.append(block)
        offset += len(block)
    text = json.dumps({**header, "arrays": table}, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return b"".join((len(text).to_bytes(4, "little"), text, *blocks))
