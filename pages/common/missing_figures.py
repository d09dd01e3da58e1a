"""Computes the figures that runs lack in the background, with the same command as on the command line."""

from __future__ import annotations

from collections.abc import Iterable

from pages.common.jobs import runner
from vae_core.evaluation.run_figures import lacks_figures
from vae_core.jobs import Job, JobState, Key, cli_command
from vae_core.storage.measurements import weights_digest
from vae_core.storage.runs import Run


def figure_job(run: Run, iw_samples: int | None = None) -> Job | None:
    """The job that computes the figures of a run's weights, or None if it was never started."""
    return runner().get(_key(run, iw_samples))


def start_figures(runs: Iterable[Run], iw_samples: int | None = None) -> list[Job]:
    """Starts computing the figures that finished runs lack. It may be called repeatedly: a failed job is not tried again.

    Args:
        runs: runs in any state; those without final weights are skipped.
        iw_samples: number of samples for the importance-weighted NLL of those with a posterior; None leaves it out.

    Returns:
        The jobs of the runs that lack figures.
    """
    jobs = []
    for run in runs:
        if is_lacking(run, iw_samples):
            job = figure_job(run, iw_samples)
            if job is None or job.state is JobState.CANCELLED:
                job = runner().start(_key(run, iw_samples), _command(run, iw_samples))
            jobs.append(job)
    return jobs


def is_lacking(run: Run, iw_samples: int | None = None) -> bool:
    """Whether a run has final weights and lacks figures, as `lacks_figures` says."""
    return weights_digest(run) is not None and lacks_figures(run, iw_samples)


def _key(run: Run, iw_samples: int | None) -> Key:
    return ("figures", str(run.folder), weights_digest(run) or "", str(iw_samples))


def _command(run: Run, iw_samples: int | None) -> list[str]:
    has_posterior = run.config.model.model != "ae"
    weighted = ["--iw-samples", iw_samples] if iw_samples is not None and has_posterior else []
    return cli_command("evaluate", run.folder.resolve(), "--keep", *weighted)
