"""How well runs restore images at each level of a corruption: measured point by point, each kept as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from vae_core.data.batches import to_float
from vae_core.data.relocation import load_run_dataset
from vae_core.errors import ConfigError
from vae_core.evaluation.restoration import (
    IMAGES,
    Material,
    curve_levels,
    keep_curve,
    kept_curve,
    material,
    methods,
    opponents,
    point_figures,
    point_of,
    quality,
)
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.registry.corruption_rows import CORRUPTIONS, check_channels, check_corruption
from vae_core.storage.measurements import METHODS, Quality, RestorationPoint
from vae_core.storage.runs import Run

Opponents = dict[tuple[str, int | None], dict[str, Quality]]
"""The baselines of one level. Images that are binarised in another way have others."""


@dataclass(eq=False)
class Subject:
    """A run, the images it is measured on, and its points by level."""

    run: Run
    trained: Trained
    material: Material
    points: dict[float, RestorationPoint] = field(default_factory=dict)

    @property
    def pixels(self) -> tuple[str, int | None]:
        """What tells apart pixels that are binarised in different ways."""
        mode = self.run.config.data.binarize
        return mode, self.run.config.training.seed if mode == "dynamic" else None


def restoration_curves(
    runs: Sequence[Run],
    corruption: str,
    *,
    images: int = IMAGES,
    dataset: str | None = None,
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> dict[str, Any]:
    """The curves of runs, by the names of the command line. Points that are kept already are not measured again.

    Args:
        runs: runs with final weights; at least one.
        corruption: its name; `curve_levels` gives the levels.
        images: how many test images, 1 to 10,000.
        dataset: the dataset whose test images are used; None for that of the first run.
        data_dir: the folder of the full datasets.
        progress: called with what is being done and the share that is done, 0 to 1.

    Raises:
        ConfigError: the corruption is unknown, or does not go with the images.
        LatentLabError: as `load_trained`, `load_run_dataset`, `material` and `keep_curve` do.
    """
    if not runs:
        raise ConfigError("Name at least one run.")
    check_corruption([corruption], None)
    subjects = _subjects(runs, corruption, images, dataset, data_dir, progress)
    for what, share in measure(subjects, corruption):
        progress(what, share)
    used = subjects[0].material
    curves = [
        {"run": str(subject.run.folder), "step": subject.trained.step, "points": _rows(subject, corruption)}
        for subject in subjects
    ]
    return {"corruption": corruption, "dataset": used.dataset, "images": len(used.clean), "runs": curves}


def _subjects(
    runs: Sequence[Run],
    corruption: str,
    images: int,
    dataset: str | None,
    data_dir: Path | None,
    progress: Callable[[str, float], None],
) -> list[Subject]:
    data = load_run_dataset(runs[0], dataset, data_dir, progress)
    subjects = []
    for run in runs:
        trained = load_trained(run)
        found = material(data, trained, images)
        check_channels([corruption], found.clean.shape[1])
        kept = kept_curve(run, trained, found, corruption)
        subjects.append(Subject(run, trained, found, {point.level: point for point in kept}))
    return subjects


def measure(subjects: Sequence[Subject], corruption: str) -> Iterator[tuple[str, float]]:
    """Measures the points that are lacking, one level after the other, and keeps each with its run.

    The baselines of a level are measured once for all subjects that see the same pixels.

    Yields:
        What was done last, and the share that is done, 0 to 1.
    """
    levels = curve_levels(corruption)
    total = len(levels) * len(subjects)
    count = len(METHODS) + len(opponents(corruption, subjects[0].material.clean[0].numel()))
    for index, level in enumerate(levels):
        known: Opponents = {}
        for number, subject in enumerate(subjects):
            done = index * len(subjects) + number
            if level not in subject.points:
                measured: dict[str, Quality] = {}
                for method, result in _methods(subject, corruption, level, known.get(subject.pixels)):
                    measured[method] = result
                    yield f"level {level:g}: {method}", (done + len(measured) / count) / total
                _keep(subject, corruption, point_of(level, measured))
            known.setdefault(subject.pixels, subject.points[level].baselines)
            yield f"level {level:g}: {subject.run.name}", (done + 1) / total


def _methods(
    subject: Subject, corruption: str, level: float, baselines: dict[str, Quality] | None
) -> Iterator[tuple[str, Quality]]:
    clean = to_float(subject.material.clean)
    every = methods(subject.trained, subject.material, corruption, level)
    for method, images in every if baselines is None else islice(every, len(METHODS)):
        yield method, quality(images, clean)
    yield from (baselines or {}).items()


def _keep(subject: Subject, corruption: str, point: RestorationPoint) -> None:
    subject.points[point.level] = point
    keep_curve(subject.run, subject.trained, subject.material, corruption, _sorted(subject))


def _sorted(subject: Subject) -> list[RestorationPoint]:
    return sorted(subject.points.values(), key=lambda point: point.level)


def _rows(subject: Subject, corruption: str) -> list[dict[str, Any]]:
    has_level = CORRUPTIONS[corruption].has_level
    return [{"level": point.level if has_level else None, **point_figures(point)} for point in _sorted(subject)]
