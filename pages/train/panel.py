"""One run live: its figures, the stage, the loss and the film. A fragment polls the run folder while the run is active."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.common.components.drawing import drawing
from pages.common.components.stage import stage
from pages.common.errors import literal, show_errors
from pages.common.glossary import glossary_links
from pages.common.loss_chart import loss_chart
from pages.common.missing_dataset import ask_for_dataset
from pages.common.run_follower import Follower, follow
from pages.common.run_states import colour_of
from pages.common.run_view import View, choose_view
from pages.common.session import manager
from pages.train.remedy import remedy_button
from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.data.relocation import image_shape
from vae_core.storage import files
from vae_core.storage.frames import Frame
from vae_core.storage.records import Record
from vae_core.storage.runs import Run, Status
from vae_core.storage.states import State
from vae_core.training.estimate import duration
from vae_core.viz.animation import film_gif
from vae_core.viz.formulas import objective_latex, objective_numbers
from vae_core.viz.network_drawing import network_svg
from vae_core.viz.projection import projection_for

POLL_SECONDS, CALM_SECONDS = 0.5, 1.5
MAP_HEIGHT = 372


def panel(
    run: Run, seen: State, *, key: str, badge: str = "", drawn: RunConfig | None = None, wide: bool = True
) -> None:
    """Draws a run, and redraws it while it is active.

    Args:
        run: the run.
        seen: its state as shown on the rest of the page; if it has changed, the whole page is redrawn.
        key: identifies the panel on the page.
        badge: a word shown instead of the state; it marks a recording, whose film plays.
        drawn: the configuration whose network is drawn, if not the run's own.
        wide: whether the loss is drawn beside the network rather than below it.
    """
    before = _pace(run, seen)

    def draw() -> None:
        with show_errors():
            status, state = run.status(), run.state()
            _draw(run, status, state, key, badge, drawn or run.config, wide)
            if _pace(run, state) != before:
                st.rerun()  # the whole page, because the buttons depend on the state

    st.fragment(draw, run_every=before[1], key=f"panel-{key}")()


def _pace(run: Run, state: State) -> tuple[State, float | None]:
    """The state, and the seconds between two polls, or None; polling at full speed takes time from the training."""
    if state.has_ended:
        return state, None
    return state, CALM_SECONDS if state is State.RUNNING and not _is_slow(run, run.status()) else POLL_SECONDS


def _draw(run: Run, status: Status, state: State, key: str, badge: str, drawn: RunConfig, wide: bool) -> None:
    follower = follow(run)
    if state.is_active:
        run.watch()
    view = _headline(run, status, state, key, badge)
    with st.container(key=f"top-{key}"):
        left, right = st.columns([5, 4]) if wide else (st.container(), st.container())
    with left:
        shape = image_shape(run) if drawn == run.config else catalogue.find(drawn.data.dataset).shape
        if shape is not None:
            drawing(network_svg(drawn, shape), key=f"network-{key}")
        _objective(drawn, {} if badge else follower.metrics.last_train or {}, key)
        for note in status.notes:  # placed beside the loss, where a new note moves nothing
            st.markdown(f":small[:orange[:material/warning: {literal(note)}]]")
    if follower.film.subjects is None or follower.newest is None:
        st.info(_waiting(run, status, state), icon=":material/hourglass_empty:")
        return
    with right:
        loss_chart(follower, drawn, view, key)
    _stage(follower, view, key, state, bool(badge), run.name)
    if not state.is_in_progress and not badge:
        _downloads_and_next_steps(run, follower, view, key)


def _objective(config: RunConfig, record: Record, key: str) -> None:
    """Draws the objective in short, its current numbers, and its terms in a popover."""
    short, *terms = objective_latex(config)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="center", gap="small", key=f"objective-{key}"
    ):
        st.markdown(f"${short}$", width="content")
        numbers = objective_numbers(config, record)
        if numbers:
            st.markdown(f":small[= {numbers}, step {record['step']:,}]", width="content")
        with st.popover("Formula", icon=":material/functions:", key=f"formula-{key}"):
            for term in terms:
                st.latex(term)
            st.caption("In nats per image: summed over pixels i and latents j, averaged over the batch.")
            more = ("KL divergence", "Beta (β)", "ELBO") if config.model.is_variational else ("Latent",)
            glossary_links("Reconstruction", "Nat", *more)


def _headline(run: Run, status: Status, state: State, key: str, badge: str) -> View:
    """Draws the run's name, state and progress. Returns how it is viewed."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(badge or state, color=colour_of(state))
        st.markdown(f"**{literal(run.name)}**", width="content")
        st.caption(
            literal(
                "press Train, in the panel on the left, to start your own"
                if badge
                else _progress(status, state, _is_slow(run, status))
            )
        )
        with st.popover("View", icon=":material/visibility:"):
            view = choose_view(run.config.model.latent, key)
    if status.message and state is not State.RUNNING:
        (st.error if state.has_failed else st.info)(literal(status.message))
    if state is State.DIVERGED:
        remedy_button(run, key)
    ask_for_dataset(run, key)
    if state is State.INTERRUPTED:
        st.info(
            "The process ended unexpectedly. Resume continues from the last checkpoint, reproducing the run bit for bit."
        )
    return view


def _progress(status: Status, state: State, slow: bool) -> str:
    parts = [f"step {status.step:,} of {status.total_steps:,}", f"epoch {status.epoch:.2f}"]
    if status.images_per_second:
        parts.append(f"{status.images_per_second:,.0f} images/s")
    if state is State.RUNNING and slow:
        parts = [*parts[:2], "slow start"]
    elif state is State.RUNNING and status.step and status.seconds:
        parts.append(f"{duration((status.total_steps - status.step) * status.seconds / status.step)} left")
    return " · ".join(parts) if status.total_steps else ""


def _is_slow(run: Run, status: Status) -> bool:
    """Whether the run is limited to a rate at the moment, as during a slow start."""
    control = run.control()
    return control.rate is not None and (control.rate_until is None or status.step < control.rate_until)


def _waiting(run: Run, status: Status, state: State) -> str:
    place = manager().place(run)
    if place is not None:
        return f"Waiting for a free core: place {place} in the queue."
    if state.is_in_progress:
        return literal(status.message) or "Starting."
    return "This run has not recorded anything."


def _stage(follower: Follower, view: View, key: str, state: State, recorded: bool, name: str) -> None:
    subjects, newest = follower.film.subjects, follower.newest
    if subjects is None or newest is None:
        return
    film = state.has_ended and len(follower.film.frames) > 1
    projection, axis_names = projection_for(newest.mean, view.plane(newest.mean.shape[1]))
    stage(
        key=f"stage-{key}-{'film' if film else 'live'}",
        subjects=subjects,
        frames=_with_newest(follower.film.frames, newest) if film else [newest],
        projection=projection,
        axis_names=axis_names,
        mode="film" if film else "live",
        samples=view.samples,
        autoplay=recorded,
        height=MAP_HEIGHT,
        alt=f"Training of {name}",
    )


def _with_newest(frames: list[Frame], newest: Frame) -> list[Frame]:
    """The film, and the last picture of a run that was stopped between two frames."""
    return [*frames, replace(newest, log_variance=None)] if newest.step > frames[-1].step else frames


def _downloads_and_next_steps(run: Run, follower: Follower, view: View, key: str) -> None:
    def gif() -> bytes:
        subjects, frames = follower.film.subjects, follower.film.frames
        if subjects is None or not frames:
            return b""
        projection, _ = projection_for(frames[-1].mean, view.plane(frames[-1].mean.shape[1]))
        return film_gif(subjects, frames, projection)

    with st.container(horizontal=True, vertical_alignment="center", key=f"onward-{key}"):
        st.download_button(
            "Film as GIF",
            gif,
            file_name=f"{run.id}.gif",
            mime="image/gif",
            icon=":material/movie:",
            key=f"gif-{key}",
            on_click="ignore",
        )
        _next_steps(run)


def _next_steps(run: Run) -> None:
    """Draws links to the pages that use the trained model."""
    if files.is_there(run.folder / "model.json"):
        st.page_link(
            "generate/page.py", label="Generate", icon=":material/auto_awesome:", query_params={"trained": run.id}
        )
        st.page_link("compare/page.py", label="Compare", icon=":material/compare:", query_params={"runs": run.id})
    st.page_link("library/page.py", label="Details", icon=":material/inventory_2:", query_params={"runs": run.id})
