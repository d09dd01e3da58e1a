"""Measures how well runs restore images at each level of a corruption, storing each point as soon as it is measured."""

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
    RestorationData,
    baseline_names,
    curve_levels,
    load_curve,
    methods,
    point_figures,
    point_of,
    quality,
    restoration_data,
    save_curve,
)
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.registry.corruption_rows import CORRUPTIONS, check_channels, check_corruption
from vae_core.storage.measurements import METHODS, Quality, RestorationPoint
from vae_core.storage.runs import Run

Baselines = dict[tuple[str, int | None], dict[str, Quality]]
"""The baselines' quality at one level, by `Subject.pixels`: images that are binarised differently have their own."""


@dataclass(eq=False)
class Subject:
    """A run, the images that it is measured on, and its points by level."""

    run: Run
    trained: Trained
    data: RestorationData
    points: dict[float, RestorationPoint] = field(default_factory=dict)

    @property
    def pixels(self) -> tuple[str, int | None]:
        """A key that is equal for runs that see the same pixels: how they are binarised, and the seed if it matters."""
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
    """The curves of runs under the command line's JSON keys. Stored points are not measured again.

    Args:
        runs: runs with final weights; at least one.
        corruption: its name; `curve_levels` gives the levels.
        images: number of test images, 1 to 10,000.
        dataset: the dataset whose test images are used; None takes that of the first run.
        data_dir: folder of the full datasets.
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        ConfigError: the corruption is unknown or does not apply to the images.
        LatentLabError: anything that `load_trained`, `load_run_dataset`, `restoration_data` and `save_curve` raise.
    """
    if not runs:
        raise ConfigError("Name at least one run.")
    check_corruption([corruption], None)
    subjects = _subjects(runs, corruption, images, dataset, data_dir, progress)
    for what, share in measure(subjects, corruption):
        progress(what, share)
    used = subjects[0].data
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
    loaded = load_run_dataset(runs[0], dataset, data_dir, progress)
    subjects = []
    for run in runs:
        trained = load_trained(run)
        data = restoration_data(loaded, trained, images)
        check_channels([corruption], data.clean.shape[1])
        stored = load_curve(run, trained, data, corruption)
        subjects.append(Subject(run, trained, data, {point.level: point for point in stored}))
    return subjects


def measure(subjects: Sequence[Subject], corruption: str) -> Iterator[tuple[str, float]]:
    """Measures the missing points level by level and stores each with its run.

    The baselines of a level are measured once for all subjects that see the same pixels.

    Yields:
        What was done last, and the share done, 0 to 1.
    """
    levels = curve_levels(corruption)
    total = len(levels) * len(subjects)
    count = len(METHODS) + len(baseline_names(corruption, subjects[0].data.clean[0].numel()))
    for index, level in enumerate(levels):
        shared: Baselines = {}
        for number, subject in enumerate(subjects):
            done = index * len(subjects) + number
            if level not in subject.points:
                measured: dict[str, Quality] = {}
                for method, result in _methods(subject, corruption, level, shared.get(subject.pixels)):
                    measured[method] = result
                    yield f"level {level:g}: {method}", (done + len(measured) / count) / total
                _save(subject, corruption, point_of(level, measured))
            shared.setdefault(subject.pixels, subject.points[level].baselines)
            yield f"level {level:g}: {subject.run.name}", (done + 1) / total


def _methods(
    subject: Subject, corruption: str, level: float, baselines: dict[str, Quality] | None
) -> Iterator[tuple[str, Quality]]:
    clean = to_float(subject.data.clean)
    restored = methods(subject.trained, subject.data, corruption, level)
    for method, images in restored if baselines is None else islice(restored, len(METHODS)):
        yield method, quality(images, clean)
    yield from (baselines or {}).items()


def _save(subject: Subject, corruption: str, point: RestorationPoint) -> None:
    subject.points[point.level] = point
    save_curve(subject.run, subject.trained, subject.data, corruption, _sorted(subject))


def _sorted(subject: Subject) -> list[RestorationPoint]:
    return sorted(subject.points.values(), key=lambda point: point.level)


def _rows(subject: Subject, corruption: str) -> list[dict[str, Any]]:
    has_level = CORRUPTIONS[corruption].has_level
    return [{"level": point.level if has_level else None, **point_figures(point)} for point in _sorted(subject)]
