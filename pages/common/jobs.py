"""Background work on the pages: the server's one runner, and the fragment that follows its jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.common.errors import literal, sentences, show_error
from vae_core.errors import LatentLabError
from vae_core.jobs import Job, Runner

POLL_SECONDS = 0.5


@st.cache_resource(show_spinner=False)
def runner() -> Runner:
    """The server's runner; one for all sessions."""
    return Runner()


def follow_jobs(jobs: Mapping[str, Job], draw: Callable[[], None], *, key: str) -> None:
    """Draws how far jobs are, what depends on them, and what went wrong; again and again until all have ended.

    Then the whole page is drawn once more.

    Args:
        jobs: by what their errors are of, as the beginning of a sentence; empty for a job that needs no name.
        draw: draws what depends on the jobs, between their progress and their errors.
        key: of the fragment, and the beginning of its elements' keys.
    """
    redraw_until_ended(list(jobs.values()), lambda: _draw(jobs, draw, key), key=key)


def redraw_until_ended(jobs: Sequence[Job], draw: Callable[[], None], *, key: str) -> None:
    """Draws in a fragment, again and again until the jobs have ended, and then the whole page once more."""
    was_active = any(job.is_active for job in jobs)

    def look() -> None:
        if was_active and not any(job.is_active for job in jobs):
            st.rerun()
        with sentences():
            draw()

    st.fragment(look, run_every=POLL_SECONDS if was_active else None, key=key)()


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
    """One bar for all of the jobs, and a button that cancels them; nothing if all have ended.

    Args:
        jobs: any jobs.
        key: the beginning of the elements' keys.
        cancel: cancels the jobs that it is given; None leaves the button out.
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
