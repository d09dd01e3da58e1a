"""A canvas to draw a grey picture on, with pointer or finger."""

from __future__ import annotations

import base64

from pages.common.components.bundle import register

_COMPONENT = register(__file__)


def canvas(
    *, key: str, size: int = 280, shape: tuple[int, int] = (28, 28), label: str = "Draw an image", help: str = ""
) -> bytes | None:
    """Puts an empty, black canvas on the page, with a soft white brush, undo and clear.

    Args:
        key: of this place on the page; with it stays what was drawn.
        size: the width in CSS pixels; where there is less room it is narrower.
        shape: (height, width) of the picture in pixels.
        label: what it is for, shown above and read out.
        help: a sentence below; may be empty.

    Returns:
        The picture when the last stroke ended, undo and clear included: height x width bytes line by line, 0 black and
        255 white, each the mean of the area that it covers. None where nothing is drawn.
    """
    data = {"size": size, "shape": list(shape), "label": label, "help": help}
    drawn = _COMPONENT(key=key, data=data, on_drawn_change=lambda: None).get("drawn")
    if not isinstance(drawn, str):
        return None
    picture = base64.b64decode(drawn)
    return picture if len(picture) == shape[0] * shape[1] else None
