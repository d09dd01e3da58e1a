"""The runs of the comparison: what differs, what each is called, and its figures so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.jobs import cancel_jobs, show_progress
from pages.common.missing_figures import figure_job, is_lacking, start_figures
from pages.common.run_follower import Follower, follow
from pages.common.run_states import has_settled
from vae_core.config import FIELDS, title_of
from vae_core.errors import LatentLabError
from vae_core.evaluation.comparison import Point, differing_fields, point_of
from vae_core.evaluation.findings import shown_value
from vae_core.jobs import Job
from vae_core.storage import files
from vae_core.storage.frames import reference_lines
from vae_core.storage.measurements import EVALUATION, Figures
from vae_core.storage.runs import Run
from vae_core.storage.states import State
from vae_core.training.sweep import NOT_SWEPT


@dataclass(frozen=True)
class Comparison:
    """Runs that are compared.

    Attributes:
        runs: sorted by the value of `field`, then by seed.
        base: the run that the others are compared with.
        field: the setting that differs; if several do, beta if it is among them, otherwise the first.
        differing: all settings that differ, except seed, threads and device.
    """

    runs: tuple[Run, ...]
    base: Run
    field: str
    differing: tuple[str, ...]

    def value(self, run: Run) -> str:
        return shown_value(run.config.flat()[self.field])

    def title(self, run: Run) -> str:
        """The title of the run's column: its value, or the run's name if more than one setting differs."""
        if len(self.differing) > 1:
            return run.name
        return self.value(run) if self.field == "model" else f"{field_name(self.field)} {self.value(run)}"

    def title_with_seed(self, run: Run) -> str:
        return f"{self.title(run)}, seed {run.config.training.seed}"

    @property
    def seeds(self) -> list[int]:
        return sorted({run.config.training.seed for run in self.runs})

    def of_seed(self, seed: int) -> list[Run]:
        """The runs with that seed, one for each column of pictures."""
        return [run for run in self.runs if run.config.training.seed == seed]


def field_name(field: str) -> str:
    """A field's display name for the middle of a sentence."""
    return "beta" if field == "beta" else (title_of(field) if field in FIELDS else field.replace("_", " ")).lower()


def compare_runs(runs: Sequence[Run], base: Run) -> Comparison:
    """Finds out what differs between the runs, and sorts them by it."""
    differing = tuple(name for name in differing_fields([run.config for run in runs]) if name not in NOT_SWEPT)
    field = "beta" if not differing or (len(differing) > 1 and "beta" in differing) else differing[0]
    return Comparison(tuple(sorted(runs, key=lambda run: _order(run, field))), base, field, differing)


def _order(run: Run, field: str) -> tuple[bool, float, str, int]:
    value = run.config.flat()[field]
    number = isinstance(value, int | float)
    return (not number, float(value) if number else 0.0, shown_value(value), run.config.training.seed)


@dataclass(frozen=True, eq=False)
class RunSnapshot:
    """A run at one moment.

    Attributes:
        state: its state; GONE or DAMAGED if it cannot be read.
        follower: its records and pictures, or None if they cannot be read.
        point: its figures, or None before the first.
        problem: what is wrong with it, as a sentence, or empty.
    """

    run: Run
    state: State
    follower: Follower | None
    point: Point | None
    problem: str = ""


def take_snapshot(run: Run, field: str) -> RunSnapshot:
    """Reads what is new in a run. Errors are returned as its `problem`."""
    try:
        state, follower = run.state(), follow(run)
        figures, problem = _figures(run, state)
        subjects = follower.film.subjects
        point = point_of(
            run, field, figures=figures, held_out=follower.metrics.last_held_out, frame=follower.newest,
            lines=None if subjects is None else reference_lines(subjects, run.config),
        )  # fmt: skip
    except LatentLabError as error:
        gone = State.DAMAGED if files.is_folder(run.folder) else State.GONE
        return RunSnapshot(run, gone, None, None, str(error))
    return RunSnapshot(run, state, follower, point, problem)


def _figures(run: Run, state: State) -> tuple[Figures | None, str]:
    """The saved figures on the whole test split, unless the run is training; and why they could not be computed."""
    if state.is_active:
        return None, ""
    job = figure_job(run, requested_samples())
    if job is None or job.error is None or not is_lacking(run, requested_samples()):
        return EVALUATION.read(run), ""
    return EVALUATION.read(run), f"The figures of {run.name} could not be computed: {job.error}"


def requested_samples() -> int | None:
    """The number of importance samples that this session requested, or None."""
    samples: int | None = st.session_state.get("iw_samples")
    return samples


def start_missing_figures(runs: Sequence[Run]) -> bool:
    """Starts computing, in the background, the figures that finished runs lack.

    Returns:
        Whether some are still to come; call it again as long as they are.
    """
    lacking = [run for run in runs if is_lacking(run, requested_samples())]
    settled = [run for run in lacking if has_settled(run)]
    jobs = start_figures(settled, requested_samples())
    return any(job.is_active for job in jobs) or len(settled) < len(lacking)


def figures_progress(runs: Sequence[Run]) -> None:
    """Draws the progress of the figures being computed. Only requested ones, the importance samples, can be cancelled."""
    jobs = [job for run in runs if (job := figure_job(run, requested_samples())) is not None]
    show_progress(jobs, key="figures", cancel=None if requested_samples() is None else _cancel)


def _cancel(jobs: Sequence[Job]) -> None:
    st.session_state.pop("iw_samples", None)
    cancel_jobs(jobs)
