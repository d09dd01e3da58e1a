"""The data of the stage (the live view of a run, or its film) as bytes: a JSON header, and raw arrays.

    uint32 little-endian length of the header | header, UTF-8, padded with spaces | arrays, each padded to 4 bytes

Codes are projected onto the map here, so that the size of a film does not depend on the number of latents. The result is
cached: a film that has not changed costs nothing.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from vae_core.export.packing import pack_blocks
from vae_core.metrics.active import is_active
from vae_core.storage.frames import Frame, Subjects
from vae_core.types import Array
from vae_core.viz.palette import CLASS_COLOURS, NO_CLASS
from vae_core.viz.projection import project, spread_on_map

NO_LABEL = 255
REMEMBERED = 32


@dataclass(frozen=True)
class Options:
    """How the stage shows its frames.

    Attributes:
        axis_names: names of the map's axes; the second is empty for a model with a single latent.
        mode: "live" shows the newest frame and moves to each new one; "film" plays all of them.
        samples: draw z from the posterior instead of showing its mean, if the frames hold log-variances.
        autoplay: whether the film starts by itself.
        badge: a word next to the figures, such as "recorded"; may be empty.
        height: height of the map, in pixels.
        alt: alternative text.
    """

    axis_names: tuple[str, str]
    mode: Literal["live", "film"] = "live"
    samples: bool = False
    autoplay: bool = False
    badge: str = ""
    height: int = 460
    alt: str = ""


@dataclass(frozen=True, eq=False)
class _Identity:
    """A cache key that compares objects by identity, since arrays have no hash. It keeps them alive, so that no other
    object can get their address."""

    objects: tuple[object, ...]

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.objects)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Identity)
            and len(self.objects) == len(other.objects)
            and all(mine is theirs for mine, theirs in zip(self.objects, other.objects, strict=True))
        )


def stage_bytes(subjects: Subjects, frames: Sequence[Frame], projection: Array, options: Options) -> bytes:
    """Packs the data that the stage's JavaScript reads.

    Args:
        subjects: the images that all frames show.
        frames: at least one, in the order of their steps; in live mode only the last is sent.
        projection: (L, 2), from `projection_for`.
        options: how to show them.
    """
    shown = tuple(frames) if options.mode == "film" else tuple(frames[-1:])
    directions = projection.astype(np.float32)
    return _packed(_Identity((subjects, *shown)), directions.tobytes(), options)


@lru_cache(maxsize=REMEMBERED)
def _packed(scene: _Identity, directions: bytes, options: Options) -> bytes:
    subjects, *frames = scene.objects
    assert isinstance(subjects, Subjects)
    projection = np.frombuffer(directions, dtype=np.float32).reshape(-1, 2)
    header, arrays = _contents(subjects, [frame for frame in frames if isinstance(frame, Frame)], projection, options)
    header["digest"] = zlib.crc32(b"".join(array.tobytes() for array in arrays.values()))
    return pack_blocks(header, arrays)


def _contents(
    subjects: Subjects, frames: list[Frame], projection: Array, options: Options
) -> tuple[dict[str, Any], dict[str, Array]]:
    last = frames[-1]
    arrays = {
        "labels": np.where((subjects.labels >= 0) & (subjects.labels < NO_LABEL), subjects.labels, NO_LABEL).astype(
            np.uint8
        ),
        "inputs": subjects.inputs,
        "places": np.stack([project(frame.mean, projection) for frame in frames]),
        "reconstructions": np.stack([frame.reconstructions for frame in frames]),
    }
    if subjects.corrupted is not None:
        arrays["corrupted"] = subjects.corrupted
    kl = [frame.kl_per_dimension for frame in frames if frame.kl_per_dimension is not None]
    if len(kl) == len(frames):
        arrays["kl"] = np.nan_to_num(np.stack(kl).astype(np.float32), posinf=0.0, neginf=0.0)
        arrays["active"] = np.stack([is_active(frame.mean) for frame in frames]).astype(np.uint8)
    spread = [frame.log_variance for frame in frames if frame.log_variance is not None]
    if options.samples and len(spread) == len(frames):
        arrays["spread"] = np.stack([spread_on_map(values, projection) for values in spread])
    header = {
        "mode": options.mode,
        "film": zlib.crc32(subjects.inputs.tobytes(), zlib.crc32(frames[0].mean.tobytes())),
        "axes": list(options.axis_names),
        "classes": list(subjects.classes),
        "colours": list(CLASS_COLOURS),
        "no_class": NO_CLASS,
        "steps": [frame.step for frame in frames],
        "epochs": [_finite(frame.epoch) for frame in frames],
        "figures": [{name: _finite(value) for name, value in frame.figures.items()} for frame in frames],
        "latents": last.mean.shape[1],
        "prior": len(kl) == len(frames),
        "autoplay": options.autoplay,
        "badge": options.badge,
        "height": options.height,
        "alt": options.alt,
    }
    return header, arrays


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
