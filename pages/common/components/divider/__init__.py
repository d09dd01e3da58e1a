"""Before and after, with a divider between them that can be dragged or moved with the arrow keys."""

from __future__ import annotations

import base64

from pages.common.components.bundle import register
from vae_core.errors import DataError
from vae_core.types import Array
from vae_core.viz.grids import mosaic, png_bytes

_COMPONENT = register(__file__)


def divider(
    before: Array, after: Array, *, key: str, names: tuple[str, str], label: str, columns: int = 1, size: int = 480
) -> None:
    """Puts two pictures of the same things on top of each other. The browser keeps the divider's position.

    Args:
        before: (N, C, H, W) uint8, left of the divider; N at least 1, C 1 or 3.
        after: (N, C, H, W) uint8, right of it; its C may differ from that of `before`.
        key: identifies this divider on the page; its position is kept when the pictures change.
        names: short names of the two; shown literally.
        label: what the pictures show; announced by screen readers.
        columns: images per line.
        size: width in CSS pixels; narrower if there is less room.

    Raises:
        DataError: `before` and `after` differ in the number or size of their images.
    """
    if before.shape[:1] + before.shape[2:] != after.shape[:1] + after.shape[2:]:
        raise DataError(f"Before and after must have the same size, not {before.shape} and {after.shape}.")
    data = {
        "before": _data_uri(before, columns),
        "after": _data_uri(after, columns),
        "names": list(names),
        "size": size,
        "label": label,
    }
    _COMPONENT(key=key, data=data)


def _data_uri(images: Array, columns: int) -> str:
    return "data:image/png;base64," + base64.b64encode(png_bytes(mosaic(images, columns), quick=True)).decode()
