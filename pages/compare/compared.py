"""The runs of the comparison as they stand: what differs, what each is called, and its figures so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.jobs import cancel_jobs, show_progress
from pages.common.live import Follower, follow
from pages.common.missing_figures import figure_job, is_lacking, start_figures
from pages.common.states import has_settled
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
class Compared:
    """Runs side by side.

    Attributes:
        runs: by their values, then by their seeds.
        base: one of them.
        field: what they are compared over: the one setting that differs, or of several beta or the first.
        differing: all settings that differ, seed, threads and device left out.
    """

    runs: tuple[Run, ...]
    base: Run
    field: str
    differing: tuple[str, ...]

    def value(self, run: Run) -> str:
        return shown_value(run.config.flat()[self.field])

    def title(self, run: Run) -> str:
        """What sets its column apart: the value, or where more than one setting differs the run's name."""
        if len(self.differing) > 1:
            return run.name
        return self.value(run) if self.field == "model" else f"{word(self.field)} {self.value(run)}"

    def title_with_seed(self, run: Run) -> str:
        return f"{self.title(run)}, seed {run.config.training.seed}"

    @property
    def seeds(self) -> list[int]:
        return sorted({run.config.training.seed for run in self.runs})

    def of_seed(self, seed: int) -> list[Run]:
        """A run for each column of pictures."""
        return [run for run in self.runs if run.config.training.seed == seed]


def word(field: str) -> str:
    """A field as a page names it, in the middle of a sentence."""
    return "beta" if field == "beta" else (title_of(field) if field in FIELDS else field.replace("_", " ")).lower()


def compared(runs: Sequence[Run], base: Run) -> Compared:
    differing = tuple(name for name in differing_fields([run.config for run in runs]) if name not in NOT_SWEPT)
    field = "beta" if not differing or (len(differing) > 1 and "beta" in differing) else differing[0]
    return Compared(tuple(sorted(runs, key=lambda run: _order(run, field))), base, field, differing)


def _order(run: Run, field: str) -> tuple[bool, float, str, int]:
    value = run.config.flat()[field]
    number = isinstance(value, int | float)
    return (not number, float(value) if number else 0.0, shown_value(value), run.config.training.seed)


@dataclass(frozen=True, eq=False)
class Standing:
    """A run as it stands.

    Attributes:
        state: as from `state_of`.
        follower: its records and pictures, or None where they cannot be read.
        point: its figures, or None before the first.
        problem: a sentence, or empty.
    """

    run: Run
    state: State
    follower: Follower | None
    point: Point | None
    problem: str = ""


def standing(run: Run, field: str) -> Standing:
    """Reads what is new of a run; whatever is wrong with it is one sentence."""
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
        return Standing(run, gone, None, None, str(error))
    return Standing(run, state, follower, point, problem)


def _figures(run: Run, state: State) -> tuple[Figures | None, str]:
    """The kept figures on the whole test split of a run that is not trained; and what went wrong with them."""
    if state.is_active:
        return None, ""
    job = figure_job(run, wanted_samples())
    if job is None or job.error is None or not is_lacking(run, wanted_samples()):
        return EVALUATION.read(run), ""
    return EVALUATION.read(run), f"{run.name}: Its figures could not be computed: {job.error}"


def wanted_samples() -> int | None:
    """How many importance samples this session asks for, or None."""
    samples: int | None = st.session_state.get("iw_samples")
    return samples


def measured(runs: Sequence[Run]) -> bool:
    """Has the figures that are lacking of runs that are done computed in the background.

    Returns:
        Whether some are still to come: to be called again as long as it says so.
    """
    lacking = [run for run in runs if is_lacking(run, wanted_samples())]
    settled = [run for run in lacking if has_settled(run)]
    jobs = start_figures(settled, wanted_samples())
    return any(job.is_active for job in jobs) or len(settled) < len(lacking)


def figures_progress(runs: Sequence[Run]) -> None:
    """How far the figures are that are being computed. Only what was asked for, the importance samples, can be cancelled."""
    jobs = [job for run in runs if (job := figure_job(run, wanted_samples())) is not None]
    show_progress(jobs, key="figures", cancel=None if wanted_samples() is None else _cancel)


def _cancel(jobs: Sequence[Job]) -> None:
    st.session_state.pop("iw_samples", None)
    cancel_jobs(jobs)
