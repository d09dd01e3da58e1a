"""Train: set up a model, press Train, and watch it learn. One screen; everything on it moves while it trains."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, sentences
from pages.common.session import RUN_PARAMETER, chosen_run, manager
from pages.train.controls import controls, load_run_into_dials
from pages.train.dials import dials
from pages.train.panel import panel
from pages.train.view import choose_view
from vae_core.config import RunConfig
from vae_core.data import catalogue
from vae_core.errors import LatentLabError
from vae_core.storage import places
from vae_core.storage.runs import Run, list_runs, open_run
from vae_core.viz.drawing import network_svg
from vae_core.viz.formulas import objective_latex

RECORDED = "example-vae-2d"
LISTED = 12


def page() -> None:
    manager().warm()
    run = _looked_at()
    with st.sidebar, sentences():
        config = dials()
        controls(config, run)
        _run_list(run)
    st.title("Train", anchor=False)
    shown = run.config if run is not None else config
    if shown is not None:
        _network(shown)
    view = choose_view((shown or RunConfig()).model.latent)
    if run is None:
        _recorded(view)
        return
    beside = _beside(run)
    if beside is None:
        panel(run, view, key="main")
        return
    for column, one, key in zip(st.columns(2), (run, beside), ("main", "beside"), strict=True):
        with column:
            panel(one, view, key=key)


def _looked_at() -> Run | None:
    with sentences():
        return chosen_run()
    return None


def _network(config: RunConfig) -> None:
    shape = catalogue.find(config.data.dataset).shape
    st.html(network_svg(config, shape))
    with st.expander("The objective, in nats per image", icon=":material/functions:"):
        st.latex(objective_latex(config))
        st.caption("Sums over pixels i and latents j, averaged over the batch. The floor is a perfect reconstruction; the "
                   "collapse line is the best constant image, what a model says that has learned nothing.")  # fmt: skip


def _recorded(view) -> None:  # type: ignore[no-untyped-def]
    """Before the first click: a training that was recorded plays from step 0."""
    try:
        example = open_run(places.SHIPPED_RUNS, RECORDED)
    except LatentLabError as error:
        st.info(literal(f"The recorded training cannot be shown: {error}"))
        return
    st.caption("A recorded training: press **Train** to start your own.")
    panel(example, view, key="recorded", badge="recorded")


def _run_list(run: Run | None) -> None:
    """The newest runs, each a link; and the one to be watched beside."""
    runs = [found for found in list_runs(manager().root)[0] if found.id != RECORDED]
    if not runs:
        return
    with st.expander(f"Runs ({len(runs)})", icon=":material/list:"):
        for found in runs[:LISTED]:
            st.page_link(
                "train/page.py", label=literal(f"{found.name} ({found.state()})"), query_params={RUN_PARAMETER: found.id}
            )
    if run is not None:
        names = {found.id: found.name for found in runs if found.id != run.id}
        st.selectbox("Watch beside", ["", *names], format_func=lambda one: names.get(one, "no other run"), key="beside",
                     bind="query-params")  # fmt: skip
        st.button("Take this run's set-up", on_click=load_run_into_dials, args=(run,), width="stretch")


def _beside(run: Run) -> Run | None:
    chosen = st.session_state.get("beside")
    with sentences():
        return open_run(manager().root, chosen) if chosen and chosen != run.id else None
    return None


page()
