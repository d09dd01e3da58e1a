"""What bounds a picture of rate and distortion: the floor of a perfect reconstruction, and the corner of a collapsed code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vae_core.evaluation.comparison import Point

NEAR_NATS = 10.0
"""A floor this near to the points is drawn, however narrow their range."""


def far_floor(points: Sequence[Point]) -> float | None:
    """The floor, nats per image, where it is so far below all points that it would squeeze them; else None."""
    floors = {round(point.floor_nats, 1) for point in points if point.floor_nats is not None}
    if len(floors) != 1:
        return None
    distortions = [point.reconstruction_nats for point in points]
    lowest, highest = min(distortions), max(distortions)
    floor = floors.pop()
    return floor if lowest - floor > max(highest - lowest, NEAR_NATS) else None


def limits(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The floor under every distortion, and the corner of a collapsed code: no rate, the mean image."""
    floors = {round(point.floor_nats, 1) for point in points if point.floor_nats is not None}
    corners = {round(point.collapse_nats, 1) for point in points if point.collapse_nats is not None}
    rows: list[dict[str, Any]] = []
    if len(floors) == 1 and far_floor(points) is None:
        rows.append({"kind": "floor", "distortion": floors.pop(), "text": "floor: perfect reconstruction"})
    if len(corners) == 1:
        rows.append({"kind": "corner", "rate": 0.0, "distortion": corners.pop(), "text": "collapsed: the mean image"})
    return rows
