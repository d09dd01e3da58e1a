"""The runs shown side by side in the views of pictures and films: one seed, at most eight columns."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.errors import literal
from pages.common.opened_model import OpenedModel, open_model
from pages.compare.comparison import Comparison, RunSnapshot, take_snapshot
from pages.compare.films import FilmedRun, films
from pages.compare.model_columns import Column, make_column
from pages.compare.pictures import SIDES, pictures
from vae_core.errors import LatentLabError
from vae_core.evaluation.comparison import Point
from vae_core.storage.runs import Run

MAX_COLUMNS = 8
MATCHES = ("dimension", "rank")


def shown_runs(comparison: Comparison) -> list[Run]:
    """Draws the choice of a seed if the runs have several, and returns its runs; at most `MAX_COLUMNS`."""
    seeds = comparison.seeds
    runs: list[Run] = list(comparison.runs)
    if len(seeds) > 1 and len(comparison.differing) > 0:
        seed = st.segmented_control(
            "Seed of the pictures", seeds, default=seeds[0], required=True, key="seed_shown", bind="query-params"
        )
        runs = comparison.of_seed(int(seed or seeds[0]))
    if len(runs) > MAX_COLUMNS:
        st.caption(f"The first {MAX_COLUMNS} of {len(runs)} runs are shown; pick others on the left.")
    return runs[:MAX_COLUMNS]


def film_view(comparison: Comparison, snapshots: Sequence[RunSnapshot]) -> None:
    known = {snapshot.run.id: snapshot for snapshot in snapshots}
    shown = [known[run.id] for run in shown_runs(comparison)]
    active = [snapshot for snapshot in shown if snapshot.state.is_active]
    for snapshot in active:
        snapshot.run.watch()
    watched = [
        FilmedRun(comparison.title(snapshot.run), _note(snapshot.point), snapshot.follower)
        for snapshot in shown
        if snapshot.follower is not None
    ]
    films(watched, live=bool(active))


def picture_view(comparison: Comparison) -> None:
    """Opens the models and draws them side by side. Models that cannot be opened are reported."""
    with st.container(key="top-pictures"):
        left, right = st.columns(SIDES)
    with left:
        runs = shown_runs(comparison)
        match = st.segmented_control(
            "Match the dimensions by", MATCHES, default=MATCHES[0], required=True, key="match", bind="query-params",
            help="By number, or by rank: the strongest dimension of each model, then the second strongest, and so on. "
            "Independently trained models may encode the same thing in different dimensions.",
        )  # fmt: skip
    opened: list[Column] = []
    for run in runs:
        model = _opened(run)
        if model is None or _is_of_baseline_training_images(opened, model, comparison.title(run)):
            continue
        point = take_snapshot(run, comparison.field).point
        opened.append(make_column(comparison.title(run), _note(point), model, by_rank=match == "rank"))
    if opened:
        pictures(opened, left, right)
    else:
        st.info("Pictures appear once a run has saved its weights.", icon=":material/hourglass_empty:")


def _opened(run: Run) -> OpenedModel | None:
    """Opens a run's model. Returns None if it has no weights yet, or if they cannot be read, which is reported."""
    try:
        return open_model(run.id)
    except LatentLabError as error:
        if _is_waiting(run):
            return None
        st.error(literal(str(error)), icon=":material/error:")
    return None


def _is_waiting(run: Run) -> bool:
    try:
        return run.state().is_active
    except LatentLabError:
        return False


def _is_of_baseline_training_images(opened: Sequence[Column], model: OpenedModel, title: str) -> bool:
    """Whether the model's dataset differs from that of the others, which is reported; pictures are comparable only if not."""
    if not opened or opened[0].model.dataset.digest == model.dataset.digest:
        return False
    first = opened[0].model.dataset.name
    st.caption(literal(f"{title} uses {model.dataset.name} and cannot be shown beside pictures of {first}."))
    return True


def _note(point: Point | None) -> str:
    if point is None:
        return "no figures yet"
    rate = "" if point.kl_nats is None else f"rate {point.kl_nats:.1f} nats, "
    units = "" if point.active_units is None else f", {point.active_units} of {point.latent} active"
    return f"{rate}distortion {point.reconstruction_nats:.1f} nats{units}"
