"""The process that measures quality against level: `python -m pages.denoise.curve_worker CORRUPTION IMAGES DATASET RUN...`

Each RUN is a folder. A line of JSON goes to standard output after each method, {"share": ..., "what": ...}, and each point
is kept with its run as soon as it is there; so the process can be ended at any time. It ends by itself when nobody reads
its output any more.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from vae_core.data.batches import to_float
from vae_core.data.datasets import load_dataset
from vae_core.errors import LatentLabError
from vae_core.evaluation.restoration import (
    Material,
    curve_levels,
    keep_curve,
    kept_curve,
    material,
    methods,
    opponents,
    point_of,
    quality,
)
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.storage.measurements import METHODS, Quality, RestorationPoint
from vae_core.storage.runs import Run, open_folder

NICE = 5


@dataclass(eq=False)
class Subject:
    """A model, what it is measured on, and its points by level."""

    run: Run
    trained: Trained
    found: Material
    points: dict[float, RestorationPoint] = field(default_factory=dict)


def measure(name: str, images: int, dataset: str, runs: Sequence[Run]) -> Iterator[tuple[float, str]]:
    """All points that are not kept yet, the levels one after the other; baselines are measured once a level.

    Args:
        name: the corruption.
        images: how many test images.
        dataset: whose test images.
        runs: with finished models.

    Yields:
        The share that is done, and what was done last.
    """
    subjects = [_subject(run, dataset, images, name) for run in runs]
    levels = curve_levels(name)
    total = len(levels) * len(subjects)
    count = len(METHODS) + len(opponents(name, subjects[0].found.clean[0].numel())) if subjects else 0
    for index, level in enumerate(levels):
        known: dict[tuple[str, int | None], dict[str, Quality]] = {}
        for number, subject in enumerate(subjects):
            done = index * len(subjects) + number
            binarize, seed = subject.run.config.data.binarize, subject.run.config.training.seed
            mode = binarize, seed if binarize == "dynamic" else None  # other pixels are other opponents
            if level not in subject.points:
                measured: dict[str, Quality] = {}
                for method, result in _methods(subject, name, level, known.get(mode)):
                    measured[method] = result
                    yield (done + len(measured) / count) / total, f"level {level:g}: {method}"
                _keep(subject, name, level, measured)
            known.setdefault(mode, subject.points[level].baselines)
            yield (done + 1) / total, f"level {level:g}: {subject.run.name}"


def _subject(run: Run, dataset: str, images: int, name: str) -> Subject:
    trained = load_trained(run)
    found = material(load_dataset(dataset), trained, images)
    return Subject(run, trained, found, {point.level: point for point in kept_curve(run, trained, found, name)})


def _methods(
    subject: Subject, name: str, level: float, baselines: dict[str, Quality] | None
) -> Iterator[tuple[str, Quality]]:
    clean = to_float(subject.found.clean)
    every = methods(subject.trained, subject.found, name, level)
    for method, images in every if baselines is None else islice(every, len(METHODS)):
        yield method, quality(images, clean)
    yield from (baselines or {}).items()


def _keep(subject: Subject, name: str, level: float, measured: dict[str, Quality]) -> None:
    subject.points[level] = point_of(level, measured)
    points = sorted(subject.points.values(), key=lambda point: point.level)
    keep_curve(subject.run, subject.trained, subject.found, name, points)


def main(arguments: Sequence[str]) -> int:
    """The process; 1 where one of our own errors ended it, which is then the last line, {"error": ...}."""
    name, images, dataset, *folders = arguments
    try:
        for share, what in measure(name, int(images), dataset, [open_folder(Path(folder)) for folder in folders]):
            print(json.dumps({"share": share, "what": what}), flush=True)
    except LatentLabError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    except BrokenPipeError:  # nobody reads any more
        return 1
    return 0


if __name__ == "__main__":
    os.nice(NICE)
    sys.exit(main(sys.argv[1:]))
