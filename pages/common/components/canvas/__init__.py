"""A canvas for drawing a grey picture with a pointer or a finger."""

from __future__ import annotations

import base64

from pages.common.components.bundle import register

_COMPONENT = register(__file__)


def canvas(
    *, key: str, size: int = 280, shape: tuple[int, int] = (28, 28), label: str = "Draw an image", help: str = ""
) -> bytes | None:
    """Puts an empty black canvas on the page, with a soft white brush, undo and clear.

    Args:
        key: identifies this canvas on the page; what was drawn stays with it.
        size: width in CSS pixels; narrower if there is less room.
        shape: (height, width) of the picture in pixels.
        label: what it is for; shown above it and announced by screen readers.
        help: a sentence below it; may be empty.

    Returns:
        The picture after the last stroke, undo or clear: height x width bytes in row order, from 0 (black) to 255
        (white), each the mean of the area that it covers. None if nothing is drawn.
    """
    data = {"size": size, "shape": list(shape), "label": label, "help": help}
    drawn = _COMPONENT(key=key, data=data, on_drawn_change=lambda: None).get("drawn")
    if not isinstance(drawn, str):
        return None
    picture = base64.b64decode(drawn)
    return picture if len(picture) == shape[0] * shape[1] else None
