"""Before and after, under one divider that is dragged across, or moved with the arrow keys."""

from __future__ import annotations

import base64

from pages.common.components.bundle import register
from vae_core.errors import DataError
from vae_core.storage.arrays import Array
from vae_core.viz.grids import mosaic, png_bytes

_COMPONENT = register(__file__)


def divider(
    before: Array, after: Array, *, key: str, names: tuple[str, str], label: str, columns: int = 1, size: int = 480
) -> None:
    """Puts two pictures of the same things over each other; where the divider stands is the browser's own affair.

    Args:
        before: (N, C, H, W) uint8, seen left of the divider; N at least 1, C of 1 or 3.
        after: (N, C or another number of channels, H, W) uint8, seen right of it.
        key: of this place on the page; with it the divider stays where it is when the pictures change.
        names: what the two are, in a word or two; shown literally.
        label: what this is a picture of; read out.
        columns: images a line.
        size: the width in CSS pixels; where there is less room it is narrower.

    Raises:
        DataError: the two do not hold images of one number and size.
    """
    if before.shape[:1] + before.shape[2:] != after.shape[:1] + after.shape[2:]:
        raise DataError(f"Before and after must be of one size, not {before.shape} and {after.shape}.")
    data = {
        "before": _address(before, columns),
        "after": _address(after, columns),
        "names": list(names),
        "size": size,
        "label": label,
    }
    _COMPONENT(key=key, data=data)


def _address(images: Array, columns: int) -> str:
    return "data:image/png;base64," + base64.b64encode(png_bytes(mosaic(images, columns), quick=True)).decode()
