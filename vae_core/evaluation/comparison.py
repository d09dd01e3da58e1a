"""Compares runs: one point per run, a summary over the seeds, and what may be concluded.

A point holds a run's final figures on the whole test split or, until those exist, its newest held-out figures, so that a
comparison fills up while the runs train. The rate is the KL, the distortion the reconstruction loss, both in nats per
image. Nothing here imports torch.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from vae_core.config import FIELDS, RunConfig
from vae_core.metrics.active import is_active
from vae_core.metrics.mean_std import MIN_FOR_STD
from vae_core.storage import files
from vae_core.storage.frames import Frame, reference_lines, unpack_frame, unpack_subjects
from vae_core.storage.measurements import EVALUATION, Figures
from vae_core.storage.records import Record, read_records
from vae_core.storage.runs import Run

CLOSE_NATS = 0.3
"""Rates that differ by less than this are too close to give a slope."""
SLACK_NATS = 0.15
"""How many nats an objective may be off, beyond what the spread over seeds explains, before it counts: figures come from
held-out images and one posterior sample per image."""
NICE = (1.0, 2.0, 5.0)

COMPARED = (
    "reconstruction_nats", "kl_nats", "negative_elbo_nats", "active_units", "mse_per_pixel", "iw_nll_nats"
)  # fmt: skip
"""The figures of a point (keys of `vae_core.figures.FIGURES`), in the order in which they are shown."""


@dataclass(frozen=True)
class Point:
    """One run in a comparison. Figures are in nats per image, and None if the run does not have them (yet).

    Attributes:
        run_id, seed: identify the run.
        value: value of the compared field, as the configuration holds it.
        beta: weight of the rate in the objective; None for an autoencoder and for an objective with a capacity.
        latent: length of the code.
        final: True if the figures cover the whole test split, False if they come from the newest held-out evaluation.
        step: optimizer step at which the figures were taken.
        iw_samples: importance samples per image behind `iw_nll_nats`, drawn with the run's seed.
        floor_nats: distortion of a perfect reconstruction; None if the likelihood's loss has no lower bound.
        collapse_nats: distortion of the mean image.
    """

    run_id: str
    seed: int
    value: object
    beta: float | None
    latent: int
    final: bool
    step: int
    reconstruction_nats: float
    kl_nats: float | None
    negative_elbo_nats: float
    active_units: int | None = None
    kl_per_dimension: tuple[float, ...] | None = None
    mse_per_pixel: float | None = None
    iw_nll_nats: float | None = None
    iw_samples: int | None = None
    floor_nats: float | None = None
    collapse_nats: float | None = None

    def figure(self, name: str) -> float | None:
        """One of `COMPARED`."""
        value = getattr(self, name)
        return None if value is None else float(value)


def point_of(
    run: Run,
    field: str = "beta",
    *,
    figures: Figures | None = None,
    held_out: Record | None = None,
    frame: Frame | None = None,
    lines: Mapping[str, float] | None = None,
) -> Point | None:
    """Builds a run's point from the records at hand; None before its first figure.

    Args:
        run: provides value, seed and beta.
        field: the compared field.
        figures: the run's final figures; used in preference to everything below.
        held_out: the newest record of the held-out images.
        frame: the newest frame, for active units and KL per dimension.
        lines: `floor` and `collapse`, from `frames.reference_lines`.
    """
    reference = lines or {}
    if figures is not None:
        return Point(
            **_identity(run, field),
            final=True,
            step=figures.step,
            reconstruction_nats=figures.reconstruction_nats,
            kl_nats=figures.kl_nats,
            negative_elbo_nats=figures.negative_elbo_nats,
            active_units=figures.active_units,
            kl_per_dimension=figures.kl_per_dimension,
            mse_per_pixel=figures.mse_per_pixel,
            iw_nll_nats=figures.iw_nll_nats,
            iw_samples=figures.iw_samples,
            floor_nats=figures.floor_nats,
            collapse_nats=reference.get("collapse"),
        )
    if held_out is None or held_out.get("reconstruction_nats") is None:
        return None
    kl = held_out.get("kl_nats")
    if kl is None and run.config.model.is_variational:  # it was not finite, so the bound is unknown
        return None
    per_dimension = None if frame is None or frame.kl_per_dimension is None else frame.kl_per_dimension
    return Point(
        **_identity(run, field),
        final=False,
        step=int(held_out["step"]),
        reconstruction_nats=float(held_out["reconstruction_nats"]),
        kl_nats=kl,
        negative_elbo_nats=float(held_out["reconstruction_nats"]) + float(kl or 0.0),
        active_units=None if per_dimension is None or frame is None else active_in(frame),
        kl_per_dimension=None if per_dimension is None else tuple(map(float, per_dimension)),
        floor_nats=reference.get("floor"),
        collapse_nats=reference.get("collapse"),
    )


def _identity(run: Run, field: str) -> dict[str, Any]:
    config = run.config
    return {
        "run_id": run.id,
        "seed": config.training.seed,
        "value": config.flat()[field],
        "beta": config.beta,
        "latent": config.model.latent,
    }


def read_point(run: Run, field: str = "beta") -> Point | None:
    """Builds a run's point from its folder. It reads every record; a page that follows a run uses `point_of` instead.

    Raises:
        CheckpointCorrupt: the records or the film are damaged.
        SchemaTooNew: they were written by a newer version.
    """
    held_out = [record for record in read_records(run.folder / "metrics.jsonl") if record.get("split") == "held-out"]
    subjects = run.folder / "film" / "subjects.npz"
    lines = reference_lines(unpack_subjects(files.read_bytes(subjects)), run.config) if files.is_there(subjects) else {}
    frames = sorted((run.folder / "film").glob("[0-9]*.npz"))
    return point_of(
        run,
        field,
        figures=EVALUATION.read(run),
        held_out=held_out[-1] if held_out else None,
        frame=unpack_frame(files.read_bytes(frames[-1])) if frames else None,
        lines=lines,
    )


def active_in(frame: Frame) -> int:
    """The number of dimensions that are active over the images of a frame."""
    return int(is_active(frame.mean).sum())


@dataclass(frozen=True)
class Summary:
    """Means and standard deviations over the runs that share one value of the compared field.

    Attributes:
        value: the value.
        n: number of runs.
        means: the mean of each figure that all of the runs have.
        deviations: the standard deviation of each (divisor n - 1); empty with fewer than `MIN_FOR_STD` runs.
    """

    value: object
    n: int
    means: Mapping[str, float]
    deviations: Mapping[str, float]


def summarise(points: Sequence[Point]) -> list[Summary]:
    """One summary per value, in the order of `values_of`.

    If a value has any final points, only those count: held-out figures come from other images.
    """
    return [_summary(value, _comparable_points(points, value)) for value in values_of(points)]


def _comparable_points(points: Sequence[Point], value: object) -> list[Point]:
    matching = [point for point in points if point.value == value]
    return [point for point in matching if point.final] or matching


def values_of(points: Iterable[Point]) -> list[object]:
    """The distinct values of the points: numbers in ascending order, anything else in order of appearance."""
    values = list(dict.fromkeys(point.value for point in points))
    numbers = all(isinstance(value, int | float) for value in values)
    return sorted(values, key=lambda value: float(value)) if numbers else values  # type: ignore[arg-type]


def _summary(value: object, points: Sequence[Point]) -> Summary:
    columns = {name: [point.figure(name) for point in points] for name in COMPARED}
    present = {name: [number for number in column if number is not None] for name, column in columns.items()}
    complete = {name: column for name, column in present.items() if len(column) == len(points)}
    means = {name: statistics.fmean(column) for name, column in complete.items()}
    has_std = len(points) >= MIN_FOR_STD
    return Summary(value, len(points), means, {n: statistics.stdev(c) for n, c in complete.items()} if has_std else {})


@dataclass(frozen=True)
class Slope:
    """A convergence check on two neighbouring betas.

    The run at each beta minimises distortion + beta x rate, so neither may be worse than the other in its own objective.
    Between two optima the slope -dD/dR therefore lies within [low, high]: the rate-distortion curve is convex and has
    slope -beta at the optimum of each beta (Alemi et al. 2018, "Fixing a Broken ELBO", sec. 3).

    Attributes:
        low, high: the two betas.
        n: number of seeds that both have; the figures are means over them.
        rise, fall: D_high - D_low and R_low - R_high. Neither of two optima is better in both, so opposite signs reveal a
            run that is not converged.
        slope: rise / fall; None if the rates are too close.
        gain_low, gain_high: nats per image by which the other beta's run is better in this beta's objective; above 0, this
            beta's run is not converged.
        tolerance: nats by which a gain may exceed 0: `SLACK_NATS` plus two standard errors over the seeds.
        ok: whether the slope lies within [low, high]; None if the rates are too close to say.
    """

    low: float
    high: float
    n: int
    rise: float
    fall: float
    slope: float | None
    gain_low: float
    gain_high: float
    tolerance: float
    ok: bool | None

    def __str__(self) -> str:
        """One sentence to display."""
        between = f"Between beta {self.low:g} and {self.high:g}"
        if self.ok is None:
            return f"{between} the rates are too close to say anything about the slope."
        finding = (
            f"{between} the slope is {self.slope:.3g}" if self.slope is not None else f"{between} the rates are close"
        )
        if self.ok:
            return f"{finding}, within the two betas as the optimum must have it."
        if self.fall * self.rise < 0:
            better, worse = (self.high, self.low) if self.fall > 0 else (self.low, self.high)
            return (
                f"{between} beta {better:g} is better in rate and in distortion: the run of beta {worse:g} is not "
                "converged, or overfits."
            )
        if self.fall < 0:
            return f"{between} the rate rises where it must fall: a run is not converged, or overfits."
        beta, gain = max((self.low, self.gain_low), (self.high, self.gain_high), key=lambda pair: pair[1])
        other = self.high if beta == self.low else self.low
        outside = ", outside the two betas" if self.slope is not None else ""
        return (
            f"{finding}{outside}: the run of beta {other:g} is {gain:.2g} nats better in the objective of "
            f"beta {beta:g}, which is not converged, or overfits."
        )


def slope_check(points: Sequence[Point]) -> list[Slope]:
    """Checks, for each pair of neighbouring betas, whether the slope between their runs lies between the two.

    Args:
        points: points of runs that differ only in beta and seed. Points without a rate or a beta are ignored, and so are
            those that are not final: they cover other images, and their run is still going.
    """
    table: dict[float, dict[int, Point]] = {}
    for point in points:
        if point.final and point.beta is not None and point.kl_nats is not None:
            table.setdefault(point.beta, {})[point.seed] = point
    pairs = [(low, high, sorted(table[low].keys() & table[high].keys())) for low, high in pairwise(sorted(table))]
    return [_slope(low, high, [(table[low][s], table[high][s]) for s in seeds]) for low, high, seeds in pairs if seeds]


def _slope(low: float, high: float, pairs: Sequence[tuple[Point, Point]]) -> Slope:
    rises = [at_high.reconstruction_nats - at_low.reconstruction_nats for at_low, at_high in pairs]
    falls = [float(at_low.kl_nats or 0) - float(at_high.kl_nats or 0) for at_low, at_high in pairs]
    gains = {beta: [beta * fall - rise for rise, fall in zip(rises, falls, strict=True)] for beta in (low, high)}
    rise, fall = statistics.fmean(rises), statistics.fmean(falls)
    gain_low, gain_high = low * fall - rise, rise - high * fall
    tolerance = SLACK_NATS + 2 * max(map(_standard_error, gains.values()))
    close = abs(fall) < CLOSE_NATS + 2 * _standard_error(falls)
    ok = None if close and max(gain_low, gain_high) <= tolerance else max(gain_low, gain_high) <= tolerance
    return Slope(low, high, len(pairs), rise, fall, None if close else rise / fall, gain_low, gain_high, tolerance, ok)


def _standard_error(values: Sequence[float]) -> float:
    """The standard error of the mean; 0 if there are too few values to estimate it."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) >= MIN_FOR_STD else 0.0


def suggested_betas(thresholds: Sequence[float], latent: int) -> tuple[float, ...]:
    """Betas worth comparing on a dataset: 1, and those at which a linear model of the data would keep three quarters, half
    and a quarter of its dimensions, rounded to 1, 2, 5, 10, ...

    Args:
        thresholds: from `latents.collapse_beta`, in descending order.
        latent: length of the code, at least 1.

    Returns:
        Two to five betas in ascending order, all below the first threshold, where the whole code collapses.
    """
    kept = sorted({max(1, round(latent * share)) for share in (0.25, 0.5, 0.75)}, reverse=True)
    wanted = [thresholds[number - 1] for number in kept if number <= len(thresholds)]
    top = thresholds[0] if thresholds else 1.0
    betas = {1.0} | {_nice(beta) for beta in wanted if beta > 0}
    below = sorted(beta for beta in betas if beta < top)
    return tuple(below) if len(below) > 1 else tuple(sorted({_nice(top / 4), _nice(top / 2)} | {*below}))


def _nice(value: float) -> float:
    """The number nearest to `value` on a logarithmic scale among ..., 0.5, 1, 2, 5, 10, ..."""
    power = 10.0 ** math.floor(math.log10(value))
    return min((step * power for step in (*NICE, 10.0)), key=lambda nice: abs(math.log(nice / value)))


def expected_active(beta: float, thresholds: Sequence[float], latent: int) -> int:
    """The number of dimensions that a linear model of the data would keep at this beta (`latents.collapse_beta`)."""
    return sum(threshold > beta for threshold in thresholds[:latent])


def differing_fields(configs: Sequence[RunConfig]) -> dict[str, tuple[object, ...]]:
    """The settings in which the configurations differ, each with its value in every configuration, in order."""
    flat = [config.flat() for config in configs]
    columns = {name: tuple(values[name] for values in flat) for name in FIELDS}
    return {name: column for name, column in columns.items() if len(set(column)) > 1}
