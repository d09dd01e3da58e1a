"""Frames of a training run: how the model encodes and reconstructs a fixed set of held-out images at one step.

`preview.npz` is the newest frame, for the live page. `film/` keeps about sixty frames at growing intervals, and
`film/subjects.npz` holds what is the same in all of them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vae_core.config import RunConfig
from vae_core.errors import CheckpointCorrupt
from vae_core.storage import files
from vae_core.storage.arrays import pack_bundle, unpack_bundle
from vae_core.types import Array

HALF_MAX = 65_504.0
"""The largest float16."""


@dataclass(frozen=True)
class Subjects:
    """The held-out images that all frames of a run show.

    Attributes:
        labels: (points,) int64, the class of each point of the latent map; -1 if it has none.
        classes: the names of the classes.
        inputs: (row, channel, height, width) uint8, the clean images that are reconstructed.
        lines: nats per image of `floor` (perfect reconstruction) and `collapse` (the mean image), as recorded;
            read them with `reference_lines`.
        corrupted: the corrupted images that the encoder saw, same shape as `inputs`; None if it saw the clean ones.
    """

    labels: Array
    classes: tuple[str, ...]
    inputs: Array
    lines: dict[str, float]
    corrupted: Array | None = None


@dataclass(frozen=True)
class Frame:
    """The model's codes and reconstructions of the subjects at one step.

    Attributes:
        step, epoch: when the frame was made; epoch as a fraction.
        mean: (points, latents) float32, posterior means (an AE's codes).
        log_variance: (points, latents) float32, or None for an AE and in the film.
        reconstructions: (row, channel, height, width) uint8, decoded from the means.
        kl_per_dimension: (latents,) float32 nats, mean over the points, or None for an AE.
        figures: the newest figures in nats per image, by name.
    """

    step: int
    epoch: float
    mean: Array
    log_variance: Array | None
    reconstructions: Array
    kl_per_dimension: Array | None
    figures: dict[str, float]


def reference_lines(subjects: Subjects, config: RunConfig) -> dict[str, float]:
    """Returns the recorded lines, nats per image, without the floor if the run's likelihood has none.

    Earlier versions recorded a floor for the continuous Bernoulli, although models could fall below it.
    """
    lines = subjects.lines
    return lines if config.objective.has_floor else {name: nats for name, nats in lines.items() if name != "floor"}


def pack_subjects(subjects: Subjects) -> bytes:
    note = {"classes": list(subjects.classes), "lines": subjects.lines}
    arrays = {"labels": subjects.labels, "inputs": subjects.inputs, "note": _text(note)}
    if subjects.corrupted is not None:
        arrays["corrupted"] = subjects.corrupted
    return pack_bundle(arrays)


def unpack_subjects(content: bytes) -> Subjects:
    """Raises CheckpointCorrupt or SchemaTooNew, as `unpack_bundle` does."""
    arrays = unpack_bundle(content)
    note = _note(arrays)
    try:
        return Subjects(
            arrays["labels"],
            tuple(note["classes"]),
            arrays["inputs"],
            _finite_lines(note["lines"]),
            arrays.get("corrupted"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointCorrupt("The film's subjects are damaged; restore the run's folder from a copy.") from error


def _finite_lines(lines: dict[str, float | None]) -> dict[str, float]:
    """Drops lines that are not finite, which unusual data can cause; a chart draws the rest."""
    return {name: value for name, value in dict(lines).items() if value is not None and math.isfinite(value)}


def pack_frame(frame: Frame) -> bytes:
    """Packs a frame as npz, codes as float16, which is more precise than any screen."""
    arrays = {
        "mean": _half(frame.mean),
        "reconstructions": frame.reconstructions,
        "note": _text({"step": frame.step, "epoch": frame.epoch, "figures": files.finite(frame.figures)}),
    }
    if frame.log_variance is not None:
        arrays["log_variance"] = _half(frame.log_variance)
    if frame.kl_per_dimension is not None:
        arrays["kl_per_dimension"] = frame.kl_per_dimension.astype(np.float32)
    return pack_bundle(arrays)


def unpack_frame(content: bytes) -> Frame:
    """Raises CheckpointCorrupt or SchemaTooNew, as `unpack_bundle` does."""
    arrays = unpack_bundle(content)
    note = _note(arrays)
    log_variance, kl = arrays.get("log_variance"), arrays.get("kl_per_dimension")
    try:
        return Frame(
            int(note["step"]),
            float(note["epoch"]),
            arrays["mean"].astype(np.float32),
            None if log_variance is None else log_variance.astype(np.float32),
            arrays["reconstructions"],
            kl,
            {name: value for name, value in note["figures"].items() if value is not None},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointCorrupt("A frame of the film is damaged; restore the run's folder from a copy.") from error


def _half(values: Array) -> Array:
    """Converts to float16, clipped to its range."""
    return np.clip(values, -HALF_MAX, HALF_MAX).astype(np.float16)


def _text(note: dict[str, Any]) -> Array:
    return np.frombuffer(json.dumps(note, ensure_ascii=False).encode(), dtype=np.uint8)


def _note(arrays: dict[str, Array]) -> dict[str, Any]:
    try:
        return dict(json.loads(arrays["note"].tobytes()))
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise CheckpointCorrupt("A frame of the film is damaged; restore the run's folder from a copy.") from error


class Film:
    """Follows a run's `film/` folder; each `poll` reads only the frames that are new.

    Attributes:
        subjects: None until the worker has written them.
        frames: in the order of their steps.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "film"
        self.subjects: Subjects | None = None
        self.frames: list[Frame] = []
        self._names: set[str] = set()

    def poll(self) -> bool:
        """Reads new frames and returns whether there were any."""
        names = {path.name for path in self.folder.glob("[0-9]*.npz")}
        if self._names - names:  # the run was cut back to an earlier step
            self.frames, self._names = [], set()
        if self.subjects is None and files.is_there(self.folder / "subjects.npz"):
            self.subjects = unpack_subjects(files.read_bytes(self.folder / "subjects.npz"))
        new = sorted(names - self._names)
        self.frames += [unpack_frame(files.read_bytes(self.folder / name)) for name in new]
        self.frames.sort(key=lambda frame: frame.step)
        self._names = names
        return bool(new)


def drop_after(folder: Path, step: int) -> None:
    """Removes the frames after `step` from a run's film."""
    for path in (folder / "film").glob("[0-9]*.npz"):
        if path.stem.isdecimal() and int(path.stem) > step:
            files.remove(path)


def read_subjects(folder: Path) -> Subjects | None:
    """Returns the subjects of a run's film, or None if it has no film."""
    path = folder / "film" / "subjects.npz"
    return unpack_subjects(files.read_bytes(path)) if path.exists() else None


def read_last(folder: Path) -> Frame | None:
    """Returns the last frame of a run's film, or None if there is none."""
    last = max((folder / "film").glob("[0-9]*.npz"), default=None, key=lambda path: path.name)
    return None if last is None else unpack_frame(files.read_bytes(last))


def row_of_classes(labels: list[int], count: int) -> list[int]:
    """Returns the indices of the points shown as pictures: the first of each class, then the next ones, up to `count`."""
    first_of = {label: index for index, label in reversed(list(enumerate(labels)))}
    chosen = [first_of[label] for label in sorted(first_of)]
    rest = [index for index in range(len(labels)) if index not in chosen]
    return (chosen + rest)[:count]


def frame_name(step: int) -> str:
    return f"{step:08d}.npz"


def read_preview(folder: Path) -> Frame | None:
    """Returns the newest frame of a run that is being watched, or None before the first."""
    path = folder / "preview.npz"
    return unpack_frame(files.read_bytes(path)) if files.is_there(path) else None
