"""The details of a run: its figures, configuration and origin, its film, its log and its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.common.components.stage import stage
from pages.common.errors import literal, show_errors
from pages.common.loss_chart import loss_chart
from pages.common.run_follower import follow
from pages.common.run_view import View
from pages.common.settings import DEFAULTS
from pages.library.files import log_tail, own_files
from pages.library.filters import CHOSEN_PARAMETER
from pages.library.formatting import size_text
from pages.library.next_steps import kept
from vae_core.config import FIELDS, RunConfig, title_of
from vae_core.errors import RunNotFound
from vae_core.evaluation.run_figures import notes_on
from vae_core.fields import unit_of
from vae_core.figures import FIGURES, Figure
from vae_core.storage import files
from vae_core.storage.measurements import EVALUATION, Figures, evaluate_command
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run
from vae_core.storage.states import State
from vae_core.viz.projection import projection_for

VIEWS = ("Figures", "Film", "Log and files")
VIEW = View("PCA", 1, 2, False, False, False, 0.0)
POLL_SECONDS = 2.0
CHILDREN = 12
SHOWN = (
    "negative_elbo_nats", "iw_nll_nats", "reconstruction_nats", "kl_nats", "floor_nats", "active_units", "mse_per_pixel",
    "images", "step",
)  # fmt: skip


def details(summary: Summary, rows: Sequence[Summary]) -> None:
    """Draws the details of a run, and updates its curves while it is being trained.

    Args:
        summary: of the run.
        rows: all runs, among them its parent and its children.
    """
    view = st.segmented_control(
        "Card", VIEWS, default=VIEWS[0], required=True, key="card", bind="query-params", label_visibility="collapsed"
    )

    def draw() -> None:
        with show_errors():
            if not files.is_folder(summary.run.folder):
                raise RunNotFound(f"The run {summary.id!r} is gone; choose another one.")
            if view == "Figures":
                _figures_view(summary, rows)
            elif view == "Film":
                _film(summary)
            else:
                _files_view(summary.run)

    st.fragment(draw, run_every=POLL_SECONDS if summary.state is State.RUNNING else None, key=f"card-{summary.id}")()


def _figures_view(summary: Summary, rows: Sequence[Summary]) -> None:
    if summary.notes.notes:
        st.text(summary.notes.notes)
    if summary.status.message and summary.state not in (State.RUNNING, State.DONE):
        st.caption(literal(f"{summary.state}: {summary.status.message}"))
    with st.container(key="top-card"):
        left, right = st.columns([5, 6])
    with left:
        _figures(summary.run)
        _family(summary, rows)
    with right:
        follower = follow(summary.run)
        if follower.film.subjects is None or not follower.metrics.train.records():
            st.caption("It has not recorded a curve.")
        else:
            loss_chart(follower, summary.run.config, VIEW, "card")
    _configuration(summary.run.config)


def _figures(run: Run) -> None:
    """Draws the stored figures with their units, and the command that reproduces them."""
    evaluation = EVALUATION.read(run)
    if evaluation is None:
        waiting = files.is_there(run.folder / "model.json")
        st.caption("Its figures are being computed." if waiting else "It has no figures until its training has ended.")
        return
    figures = [FIGURES[key] for key in SHOWN if key != "iw_nll_nats" or evaluation.iw_nll_nats is not None]
    rows = [
        (figure.title, _number(figure, getattr(evaluation, figure.key)), _unit(figure, evaluation, run))
        for figure in figures
    ]
    table = pd.DataFrame(rows, columns=["figure", "value", "unit"])
    st.dataframe(table, hide_index=True, key="card-figures", height="content")
    for note in notes_on(run.config, evaluation.floor_nats):
        st.caption(note)
    st.caption(literal(f"On the test images of {evaluation.dataset}; to reproduce these figures:"))
    st.code(evaluate_command(run, evaluation), language="bash", wrap_lines=True)


def _number(figure: Figure, value: float | None) -> str:
    if value is None and figure.key == "floor_nats":
        return "none: its likelihood is unbounded"
    return "none: it has no posterior" if value is None and figure.needs_posterior else figure.text(value)


def _unit(figure: Figure, evaluation: Figures, run: Run) -> str:
    if figure.key != "iw_nll_nats":
        return figure.unit
    seed = (
        run.config.training.seed if evaluation.iw_seed is None else evaluation.iw_seed
    )  # earlier versions did not record it
    return f"{figure.unit}; {evaluation.iw_samples} importance samples, seed {seed}"


def _family(summary: Summary, rows: Sequence[Summary]) -> None:
    """Draws links to the run it started from and to those that started from it, and the steps available for new ones."""
    names = {row.id: row.name for row in rows}
    parent, _, step = (summary.run.config.parent or "").partition("@")
    if parent in names:
        _link(f"Started from step {step} of {names[parent]}", parent)
    elif parent:
        st.caption(literal(f"Started from {parent}, step {step}, which is not here."))
    children = [row for row in rows if (row.run.config.parent or "").partition("@")[0] == summary.id]
    for child in children[:CHILDREN]:
        _link(f"From its step {(child.run.config.parent or '').partition('@')[2]} started {child.name}", child.id)
    if len(children) > CHILDREN:
        st.caption(f"and {len(children) - CHILDREN:,} more that started from it")
    steps = sorted(kept(summary.run))
    if steps:
        which = f"step{'s' if len(steps) > 1 else ''} {', '.join(f'{step:,}' for step in steps)}"
        st.caption(f"A new run can start from the weights of {which}; use Train on.")


def _link(label: str, run_id: str) -> None:
    st.page_link(
        "library/page.py", label=literal(label), icon=":material/account_tree:", query_params={CHOSEN_PARAMETER: run_id}
    )


def _configuration(config: RunConfig) -> None:
    """Draws the settings that differ from the defaults, then all settings."""
    flat = config.flat()
    differing = [name for name in flat if flat[name] != DEFAULTS[name]]
    title = "Settings that differ from the defaults:" if differing else "All settings have their defaults."
    with st.container(horizontal=True):
        st.caption(title, width="content")
        for name in differing:
            st.badge(literal(f"{title_of(name)} {_value(flat[name])}"), color="gray")
    with st.expander("All settings", icon=":material/tune:"):
        rows = [(title_of(name), _value(value), unit_of(FIELDS[name]), name) for name, value in flat.items()]
        table = pd.DataFrame(rows, columns=["setting", "value", "unit", "name"])
        st.dataframe(table, hide_index=True, key="card-settings", height="content")


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "off" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _film(summary: Summary) -> None:
    follower = follow(summary.run)
    subjects, frames, newest = follower.film.subjects, follower.film.frames, follower.newest
    if subjects is None or newest is None:
        st.info("This run has not recorded a film.", icon=":material/hourglass_empty:")
        return
    live = summary.state.is_active or not frames
    projection, axis_names = projection_for(newest.mean, VIEW.plane(newest.mean.shape[1]))
    stage(
        key=f"library-{summary.id}-{'live' if live else 'film'}",
        subjects=subjects,
        frames=[newest] if live else frames,
        projection=projection,
        axis_names=axis_names,
        mode="live" if live else "film",
        alt=f"Training of {summary.name}",
    )


def _files_view(run: Run) -> None:
    log = log_tail(run)
    if log:
        st.caption("The end of its log")
        st.code(log, language=None, wrap_lines=True, height=220)
    else:
        st.caption("It has no log: it was trained elsewhere, or its training has not started.")
    entries = own_files(run)
    st.caption(f"{len(entries):,} files, {size_text(sum(size for _, size in entries))}")
    table = pd.DataFrame([(name, size_text(size)) for name, size in entries], columns=["file", "size"])
    st.dataframe(table, hide_index=True, key="card-files", height=min(35 * len(entries) + 38, 320))
