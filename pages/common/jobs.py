"""Background jobs on the pages: the server's runner, and the fragment that follows its jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.common.errors import literal, show_error, show_errors
from vae_core.errors import LatentLabError
from vae_core.jobs import Job, Runner

POLL_SECONDS = 0.5


@st.cache_resource(show_spinner=False)
def runner() -> Runner:
    """The server's runner; one for all sessions."""
    return Runner()


def follow_jobs(jobs: Mapping[str, Job], draw: Callable[[], None], *, key: str) -> None:
    """Draws the jobs' progress, what depends on them, and their errors, repeatedly until all have ended.

    Then the whole page is redrawn once.

    Args:
        jobs: the jobs by title, with which their error messages begin; the title may be empty.
        draw: draws what depends on the jobs, between their progress and their errors.
        key: the fragment's key, and the beginning of its elements' keys.
    """
    redraw_until_ended(list(jobs.values()), lambda: _draw(jobs, draw, key), key=key)


def redraw_until_ended(jobs: Sequence[Job], draw: Callable[[], None], *, key: str) -> None:
    """Draws in a fragment, repeatedly until the jobs have ended, and then redraws the whole page once."""
    was_active = any(job.is_active for job in jobs)

    def redraw() -> None:
        if was_active and not any(job.is_active for job in jobs):
            st.rerun()
        with show_errors():
            draw()

    st.fragment(redraw, run_every=POLL_SECONDS if was_active else None, key=key)()


def _draw(jobs: Mapping[str, Job], draw: Callable[[], None], key: str) -> None:
    show_progress(list(jobs.values()), key=key)
    draw()
    for title, job in jobs.items():
        if job.error is not None:
            show_error(LatentLabError(f"{title}: {job.error}") if title else job.error)


def cancel_jobs(jobs: Sequence[Job]) -> None:
    for job in jobs:
        runner().cancel(job.key)


def show_progress(
    jobs: Sequence[Job], *, key: str, cancel: Callable[[Sequence[Job]], None] | None = cancel_jobs
) -> None:
    """Draws one progress bar for all jobs, and a button that cancels them; nothing if all have ended.

    Args:
        jobs: the jobs.
        key: the beginning of the elements' keys.
        cancel: cancels the given jobs; None leaves the button out.
    """
    active = [job for job in jobs if job.is_active]
    if not active:
        return
    now = max(active, key=lambda job: job.share)
    done = len(jobs) - len(active)
    share = (done + sum(job.share for job in active)) / len(jobs)
    what = now.what if len(jobs) == 1 else f"{done} of {len(jobs)} done; {now.what}"

    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, literal(what))
        if cancel is not None:
            st.button("Cancel", key=f"{key}-cancel", icon=":material/stop:", on_click=cancel, args=(active,))
