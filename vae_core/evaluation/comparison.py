"""Runs side by side: one point a run, what the seeds say together, and what may be concluded from it.

A point holds a run's final figures on the whole test split, or while there are none its newest held-out ones, so that a
comparison fills while the runs train. Rate is the KL, distortion the reconstruction, both in nats per image. Nothing
here imports torch.
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
"""Two rates nearer than this are too close for a slope between them."""
SLACK_NATS = 0.15
"""How far a comparison of objectives may miss before it counts, on top of what the seeds' spread explains: figures are of
held-out images, and one posterior sample of each."""
NICE = (1.0, 2.0, 5.0)

COMPARED = (
    "reconstruction_nats", "kl_nats", "negative_elbo_nats", "active_units", "mse_per_pixel", "iw_nll_nats"
)  # fmt: skip
"""The figures that a point holds (`vae_core.figures.FIGURES`), in the order in which they are shown."""


@dataclass(frozen=True)
class Point:
    """One run in a comparison; figures are nats per image, and None where a run has no such figure (yet).

    Attributes:
        run_id, seed: which run.
        value: of the field that is compared, as the configuration holds it.
        beta: weight of the rate in its objective; None for an autoencoder, or one with a capacity.
        latent: numbers in its code.
        final: whether the figures are of the whole test split; else of the newest held-out evaluation.
        step: optimizer steps that the figures are of.
        iw_samples: how many importance samples an image `iw_nll_nats` took, drawn with the run's seed.
        floor_nats: distortion of a perfect reconstruction, or None if the likelihood's loss has no lower bound.
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
    """A run's point from what is at hand, or None before its first figure.

    Args:
        run: its configuration says value, seed and beta.
        field: what is compared.
        figures: as they are kept; they go before the rest.
        held_out: the newest record of the held-out images.
        frame: the newest frame, for active units and KL per dimension.
        lines: `floor` and `collapse`, as `frames.reference_lines` gives them.
    """
    known = lines or {}
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
            collapse_nats=known.get("collapse"),
        )
    if held_out is None or held_out.get("reconstruction_nats") is None:
        return None
    kl = held_out.get("kl_nats")
    if kl is None and run.config.model.is_variational:  # not finite: the bound is not known
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
        floor_nats=known.get("floor"),
        collapse_nats=known.get("collapse"),
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
    """A run's point from its folder alone; reads all of it, so that a page, which follows it, uses `point_of`.

    Raises:
        CheckpointCorrupt, SchemaTooNew: the records or the film are damaged.
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
    """How many dimensions are active over a frame's images."""
    return int(is_active(frame.mean).sum())


@dataclass(frozen=True)
class Summary:
    """What the runs of one value say together.

    Attributes:
        value: of the field.
        n: how many runs.
        means: of each figure that all of them have.
        deviations: one standard deviation of each (n - 1 in the divisor), only from `MIN_FOR_STD` runs on.
    """

    value: object
    n: int
    means: Mapping[str, float]
    deviations: Mapping[str, float]


def summarise(points: Sequence[Point]) -> list[Summary]:
    """One summary a value: numbers from the smallest on, words in the order in which they come.

    A value that has final points is told by them alone: held-out figures are of other images.
    """
    return [_summary(value, _of_one_kind(points, value)) for value in values_of(points)]


def _of_one_kind(points: Sequence[Point], value: object) -> list[Point]:
    known = [point for point in points if point.value == value]
    return [point for point in known if point.final] or known


def values_of(points: Iterable[Point]) -> list[object]:
    """The values that are there, each once: numbers from the smallest on, words in the order in which they come."""
    values = list(dict.fromkeys(point.value for point in points))
    numbers = all(isinstance(value, int | float) for value in values)
    return sorted(values, key=lambda value: float(value)) if numbers else values  # type: ignore[arg-type]


def _summary(value: object, points: Sequence[Point]) -> Summary:
    columns = {name: [point.figure(name) for point in points] for name in COMPARED}
    known = {name: [number for number in column if number is not None] for name, column in columns.items()}
    whole = {name: column for name, column in known.items() if len(column) == len(points)}
    means = {name: statistics.fmean(column) for name, column in whole.items()}
    many = len(points) >= MIN_FOR_STD
    return Summary(value, len(points), means, {n: statistics.stdev(c) for n, c in whole.items()} if many else {})


@dataclass(frozen=True)
class Slope:
    """What two neighbouring betas say about convergence.

    The run at each beta minimises distortion + beta x rate, so neither may be worse than the other in its own objective;
    of two optima the slope -dD/dR between them therefore lies within [low, high] (the rate-distortion curve of Alemi et
    al. 2018, "Fixing a Broken ELBO", sec. 3, is convex and has slope -beta where it is reached).

    Attributes:
        low, high: the two betas.
        n: seeds that both have; the figures are means over them.
        rise, fall: D_high - D_low and R_low - R_high; neither of two optima is better in both, so one of them below 0
            and the other above it tells of a run that is not converged.
        slope: rise / fall, or None where the rates are too close.
        gain_low, gain_high: nats per image by which the run of the other beta is better in the objective of this one;
            above 0 it is not converged.
        tolerance: nats that a gain may have: `SLACK_NATS` and two standard errors over the seeds.
        ok: whether the slope lies where it must; None where the rates are too close to say.
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
        """One sentence for people."""
        between = f"Between beta {self.low:g} and {self.high:g}"
        if self.ok is None:
            return f"{between} the rates are too close to say anything about the slope."
        told = (
            f"{between} the slope is {self.slope:.3g}" if self.slope is not None else f"{between} the rates are close"
        )
        if self.ok:
            return f"{told}, within the two betas as the optimum must have it."
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
            f"{told}{outside}: the run of beta {other:g} is {gain:.2g} nats better in the objective of "
            f"beta {beta:g}, which is not converged, or overfits."
        )


def slope_check(points: Sequence[Point]) -> list[Slope]:
    """For each pair of neighbouring betas whether the slope between them lies between the two.

    Args:
        points: of runs that differ in beta and seed alone. Those without a rate or a beta are left out, and those that
            are not final too: other images, and a run that goes on.
    """
    table: dict[float, dict[int, Point]] = {}
    for point in points:
        if point.final and point.beta is not None and point.kl_nats is not None:
            table.setdefault(point.beta, {})[point.seed] = point
    pairs = [(low, high, sorted(table[low].keys() & table[high].keys())) for low, high in pairwise(sorted(table))]
    return [_slope(low, high, [(table[low][s], table[high][s]) for s in seeds]) for low, high, seeds in pairs if seeds]


def _slope(low: float, high: float, pairs: Sequence[tuple[Point, Point]]) -> Slope:
    rises = [other.reconstruction_nats - one.reconstruction_nats for one, other in pairs]
    falls = [float(one.kl_nats or 0) - float(other.kl_nats or 0) for one, other in pairs]
    gains = {beta: [beta * fall - rise for rise, fall in zip(rises, falls, strict=True)] for beta in (low, high)}
    rise, fall = statistics.fmean(rises), statistics.fmean(falls)
    gain_low, gain_high = low * fall - rise, rise - high * fall
    tolerance = SLACK_NATS + 2 * max(map(_standard_error, gains.values()))
    close = abs(fall) < CLOSE_NATS + 2 * _standard_error(falls)
    ok = None if close and max(gain_low, gain_high) <= tolerance else max(gain_low, gain_high) <= tolerance
    return Slope(low, high, len(pairs), rise, fall, None if close else rise / fall, gain_low, gain_high, tolerance, ok)


def _standard_error(values: Sequence[float]) -> float:
    """Of the mean; 0 where there are too few values to know."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) >= MIN_FOR_STD else 0.0


def suggested_betas(thresholds: Sequence[float], latent: int) -> tuple[float, ...]:
    """Betas worth comparing on such data: 1, and those at which a linear model of it would keep three quarters, half and
    a quarter of its dimensions, rounded to 1, 2, 5, 10, ...

    Args:
        thresholds: as `latents.collapse_beta` gives them, from the largest on.
        latent: numbers in the code, at least 1.

    Returns:
        Two to five betas from the smallest on, all below the first threshold, where the whole code collapses.
    """
    kept = sorted({max(1, round(latent * share)) for share in (0.25, 0.5, 0.75)}, reverse=True)
    wanted = [thresholds[number - 1] for number in kept if number <= len(thresholds)]
    top = thresholds[0] if thresholds else 1.0
    found = {1.0} | {_nice(beta) for beta in wanted if beta > 0}
    below = sorted(beta for beta in found if beta < top)
    return tuple(below) if len(below) > 1 else tuple(sorted({_nice(top / 4), _nice(top / 2)} | {*below}))


def _nice(value: float) -> float:
    """The nearest of ..., 0.5, 1, 2, 5, 10, ... on a logarithmic scale."""
    power = 10.0 ** math.floor(math.log10(value))
    return min((step * power for step in (*NICE, 10.0)), key=lambda nice: abs(math.log(nice / value)))


def expected_active(beta: float, thresholds: Sequence[float], latent: int) -> int:
    """How many of the dimensions a linear model of the data would keep at this beta (`latents.collapse_beta`)."""
    return sum(threshold > beta for threshold in thresholds[:latent])


def differing_fields(configs: Sequence[RunConfig]) -> dict[str, tuple[object, ...]]:
    """The settings that are not the same in all, each with its value in every one of them, in their order."""
    flat = [config.flat() for config in configs]
    columns = {name: tuple(values[name] for values in flat) for name in FIELDS}
    return {name: column for name, column in columns.items() if len(set(column)) > 1}
