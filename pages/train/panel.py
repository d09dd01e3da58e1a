"""One run, moving: its figures, the stage, the loss, the film. A fragment polls the run folder while it is active."""

from __future__ import annotations

import streamlit as st

from pages.common.components.stage import stage
from pages.common.errors import literal, sentences
from pages.common.live import Follower, follow
from pages.common.session import manager
from pages.train.controls import duration
from pages.train.curves import loss_chart
from pages.train.view import View
from vae_core.storage.runs import Run, Status
from vae_core.viz.animation import film_gif
from vae_core.viz.formulas import objective_numbers
from vae_core.viz.projection import projection_for

POLL_SECONDS = 0.5
ACTIVE = ("running", "queued", "paused")
COLOURS = {"running": "green", "done": "blue", "paused": "orange", "queued": "gray", "stopped": "gray"}


def panel(run: Run, view: View, *, key: str, badge: str = "") -> None:
    """Draws a run, and goes on drawing it while it is active."""
    active = run.state() in ACTIVE

    def draw() -> None:
        with sentences():
            _draw(run, view, key, badge)
            if active and run.state() not in ACTIVE:
                st.rerun()  # once more and whole: the buttons of a run that has ended are others

    st.fragment(draw, run_every=POLL_SECONDS if active else None, key=f"panel-{key}")()


def _draw(run: Run, view: View, key: str, badge: str) -> None:
    run.watch()
    follower, status, state = follow(run), run.status(), run.state()
    _headline(run, status, state, badge)
    if follower.film.subjects is None or follower.newest is None:
        st.info(_waiting(run, status, state), icon=":material/hourglass_empty:")
        return
    for note in status.notes:
        st.warning(literal(note), icon=":material/warning:")
    _stage(follower, view, key, state, badge, literal(run.name))
    record = follower.metrics.last_train or {}
    st.markdown(f"**Objective now:** {objective_numbers(run.config, record) or 'not yet'}")
    loss_chart(follower, view, key)
    if state not in ("running", "queued"):
        _take_away(run, follower, view, key)


def _headline(run: Run, status: Status, state: str, badge: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(badge or state, color=COLOURS.get(state, "red"))
        st.markdown(f"**{literal(run.name)}**")
        st.caption(literal(_progress(status, state)))
    if status.message and state != "running":
        (st.error if state in ("failed", "diverged") else st.info)(literal(status.message))
    if state == "interrupted":
        st.info("Its process ended without a word; Resume goes on from the last checkpoint, with the same bits.")


def _progress(status: Status, state: str) -> str:
    parts = [f"step {status.step:,} of {status.total_steps:,}", f"epoch {status.epoch:.2f}"]
    if status.images_per_second:
        parts.append(f"{status.images_per_second:,.0f} images/s")
    if state == "running" and status.step and status.seconds:
        parts.append(f"{duration((status.total_steps - status.step) * status.seconds / status.step)} left")
    return " · ".join(parts) if status.total_steps else status.message


def _waiting(run: Run, status: Status, state: str) -> str:
    place = manager().place(run)
    if place is not None:
        return f"Waiting for a free core: place {place} in the queue."
    if state in ("running", "queued"):
        return literal(status.message) or "Starting."
    return "This run has recorded nothing yet."


def _stage(follower: Follower, view: View, key: str, state: str, badge: str, name: str) -> None:
    subjects, newest = follower.film.subjects, follower.newest
    if subjects is None or newest is None:
        return
    film = state not in ("running", "queued", "paused") and len(follower.film.frames) > 1
    projection, axis_names = projection_for(newest.mean, view.plane(newest.mean.shape[1]))
    stage(
        key=f"stage-{key}-{'film' if film else 'live'}",
        subjects=subjects,
        frames=follower.film.frames if film else [newest],
        projection=projection,
        axis_names=axis_names,
        mode="film" if film else "live",
        samples=view.samples,
        autoplay=film and bool(badge),
        badge=badge,
        alt=f"Training of {name}",
    )


def _take_away(run: Run, follower: Follower, view: View, key: str) -> None:
    def gif() -> bytes:
        subjects, frames = follower.film.subjects, follower.film.frames
        if subjects is None or not frames:
            return b""
        projection, _ = projection_for(frames[-1].mean, view.plane(frames[-1].mean.shape[1]))
        return film_gif(subjects, frames, projection)

    st.download_button(
        "Film as GIF", gif, file_name=f"{run.id}.gif", mime="image/gif", icon=":material/movie:", key=f"gif-{key}"
    )
