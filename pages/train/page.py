"""Train: configure a model, press Train and watch it learn, all on one screen."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, show_errors
from pages.common.query_params import report_missing
from pages.common.session import RECORDED, RUN_PARAMETER, chosen_run, manager, names_of
from pages.train.controls import controls
from pages.train.dials import dials, set_dials
from pages.train.origin import with_origin
from pages.train.panel import panel
from vae_core.config import RunConfig
from vae_core.errors import LatentLabError
from vae_core.storage import paths
from vae_core.storage.runs import Run, list_runs, open_run
from vae_core.storage.states import State

LISTED = 12
BESIDE = "beside"


def page() -> None:
    manager().warm()
    run, state = _looked_at()
    with st.sidebar, show_errors():
        config = with_origin(dials())
        controls(config, run, state)
        _run_list(run)
    st.title("Train", anchor=False)
    if run is None:
        _recorded(config)
        return
    beside = _beside(run)
    if beside is None:
        panel(run, state, key="main")
        return
    left, right = st.columns(2)
    with left:
        panel(run, state, key="main", wide=False)
    with right:
        panel(beside, beside.state(), key="beside", wide=False)


def _looked_at() -> tuple[Run | None, State]:
    """The selected run and its state. The state is read once, so that the buttons and the pictures agree."""
    with show_errors():
        run = chosen_run()
        return run, run.state() if run is not None else State.GONE
    return None, State.GONE


def _recorded(config: RunConfig | None) -> None:
    """Before the first click: plays a recorded training from step 0."""
    try:
        example = open_run(paths.SHIPPED_RUNS, RECORDED)
    except LatentLabError as error:
        st.info(literal(f"The recorded training cannot be shown: {error}"))
        return
    panel(example, example.state(), key="recorded", badge="recorded", drawn=config)


def _run_list(run: Run | None) -> None:
    """Draws links to the newest runs, and the choice of a second run to watch."""
    runs = [listed for listed in list_runs(manager().root)[0] if listed.id != RECORDED]
    if not runs:
        return
    names = names_of(runs)
    with st.expander(f"Runs ({len(runs)})", icon=":material/list:"):
        for listed in runs[:LISTED]:
            st.page_link(
                "train/page.py",
                label=literal(f"{names[listed.id]} ({listed.state()})"),
                query_params={RUN_PARAMETER: listed.id},
            )
        st.page_link("library/page.py", label="All runs, in the Library", icon=":material/inventory_2:")
    if run is not None:
        others = [listed for listed in runs if listed.id != run.id]
        _choose_beside(others)
        st.button("Use this run's settings", on_click=set_dials, args=(run.config,), width="stretch")


def _choose_beside(others: list[Run]) -> None:
    names = {run.id: run.name for run in others}
    options = ["", *names]
    requested = st.query_params.get(BESIDE, "")
    report_missing(BESIDE, "run", options, "no other run")
    chosen = st.selectbox(
        "Watch beside",
        options,
        index=options.index(requested) if requested in options else 0,
        format_func=lambda run_id: f"{names[run_id]} ({run_id})" if run_id else "no other run",
    )
    if chosen:
        st.query_params[BESIDE] = chosen
    elif BESIDE in st.query_params:
        del st.query_params[BESIDE]


def _beside(run: Run) -> Run | None:
    """The second run to watch, as named in the URL."""
    chosen = st.query_params.get(BESIDE)
    with show_errors():
        return open_run(manager().root, chosen) if chosen and chosen != run.id else None
    return None


page()
