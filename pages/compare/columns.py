"""Which runs stand side by side in the views of pictures: one seed, at most eight columns."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.common.errors import literal
from pages.common.opened_model import OpenedModel, open_model
from pages.compare.compared import Compared, Standing, standing
from pages.compare.films import Watched, films
from pages.compare.models import Column, column
from pages.compare.pictures import SIDES, pictures
from vae_core.errors import LatentLabError
from vae_core.evaluation.comparison import Point
from vae_core.storage.runs import Run

MOST = 8
MATCHES = ("dimension", "rank")


def shown_runs(found: Compared) -> list[Run]:
    """The runs of the chosen seed; all of them where the settings leave no column a run."""
    seeds = found.seeds
    runs: list[Run] = list(found.runs)
    if len(seeds) > 1 and len(found.differing) > 0:
        seed = st.segmented_control(
            "Seed of the pictures", seeds, default=seeds[0], required=True, key="seed_shown", bind="query-params"
        )
        runs = found.of_seed(int(seed or seeds[0]))
    if len(runs) > MOST:
        st.caption(f"The first {MOST} of {len(runs)} runs are shown; pick others on the left.")
    return runs[:MOST]


def film_view(found: Compared, standings: Sequence[Standing]) -> None:
    known = {one.run.id: one for one in standings}
    shown = [known[run.id] for run in shown_runs(found)]
    active = [one for one in shown if one.state.is_active]
    for one in active:
        one.run.watch()
    watched = [
        Watched(found.title(one.run), _note(one.point), one.follower) for one in shown if one.follower is not None
    ]
    films(watched, live=bool(active))


def picture_view(found: Compared) -> None:
    """Opens the models; those that cannot be opened are said, and the others stand side by side."""
    with st.container(key="top-pictures"):
        left, right = st.columns(SIDES)
    with left:
        runs = shown_runs(found)
        match = st.segmented_control(
            "Match the dimensions by", MATCHES, default=MATCHES[0], required=True, key="match", bind="query-params",
            help="The same number in every model; or the strongest with the strongest, since independent models may "
            "put the same thing into different dimensions.",
        )  # fmt: skip
    opened: list[Column] = []
    for run in runs:
        model = _opened(run)
        if model is None or _is_of_other_images(opened, model, found.title(run)):
            continue
        point = standing(run, found.field).point
        opened.append(column(found.title(run), _note(point), model, by_rank=match == "rank"))
    if opened:
        pictures(opened, left, right)
    else:
        st.info("As soon as a run has saved its weights its pictures stand here.", icon=":material/hourglass_empty:")


def _opened(run: Run) -> OpenedModel | None:
    """None where there is nothing to be seen yet, or nothing that can be read, which is said."""
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


def _is_of_other_images(opened: Sequence[Column], model: OpenedModel, title: str) -> bool:
    """Pictures can be set side by side where they are of the same images only."""
    if not opened or opened[0].model.dataset.digest == model.dataset.digest:
        return False
    first = opened[0].model.dataset.name
    st.caption(literal(f"{title} is of {model.dataset.name} and cannot stand beside pictures of {first}."))
    return True


def _note(point: Point | None) -> str:
    if point is None:
        return "no figures yet"
    rate = "" if point.kl_nats is None else f"rate {point.kl_nats:.1f} nats, "
    units = "" if point.active_units is None else f", {point.active_units} of {point.latent} active"
    return f"{rate}distortion {point.reconstruction_nats:.1f} nats{units}"
