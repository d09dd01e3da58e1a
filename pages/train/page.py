"""Train: set up a model, press Train, and watch it learn. One screen; everything on it moves while it trains."""

from __future__ import annotations

import streamlit as st

from pages.common.address import say_missing
from pages.common.errors import literal, sentences
from pages.common.session import RECORDED, RUN_PARAMETER, chosen_run, manager, names_of
from pages.train.controls import controls
from pages.train.dials import dials, set_dials
from pages.train.origin import with_origin
from pages.train.panel import panel
from vae_core.config import RunConfig
from vae_core.errors import LatentLabError
from vae_core.storage import paths
from vae_core.storage.runs import Run, list_runs, open_run

LISTED = 12
BESIDE = "beside"


def page() -> None:
    manager().warm()
    run, state = _looked_at()
    with st.sidebar, sentences():
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


def _looked_at() -> tuple[Run | None, str]:
    """The run, and its state, read once: buttons of one state beside a picture of another would stay so."""
    with sentences():
        run = chosen_run()
        return run, run.state() if run is not None else ""
    return None, ""


def _recorded(config: RunConfig | None) -> None:
    """Before the first click: a training that was recorded plays from step 0."""
    try:
        example = open_run(paths.SHIPPED_RUNS, RECORDED)
    except LatentLabError as error:
        st.info(literal(f"The recorded training cannot be shown: {error}"))
        return
    panel(example, example.state(), key="recorded", badge="recorded", drawn=config)


def _run_list(run: Run | None) -> None:
    """The newest runs, each a link; and the one to be watched beside."""
    runs = [found for found in list_runs(manager().root)[0] if found.id != RECORDED]
    if not runs:
        return
    names = names_of(runs)
    with st.expander(f"Runs ({len(runs)})", icon=":material/list:"):
        for found in runs[:LISTED]:
            st.page_link(
                "train/page.py",
                label=literal(f"{names[found.id]} ({found.state()})"),
                query_params={RUN_PARAMETER: found.id},
            )
        st.page_link("library/page.py", label="All of them, in the Library", icon=":material/inventory_2:")
    if run is not None:
        others = [found for found in runs if found.id != run.id]
        _choose_beside(others)
        st.button("Take this run's set-up", on_click=set_dials, args=(run.config,), width="stretch")


def _choose_beside(others: list[Run]) -> None:
    names = {found.id: found.name for found in others}
    options = ["", *names]
    wanted = st.query_params.get(BESIDE, "")
    say_missing(BESIDE, "run", options, "no other run")
    chosen = st.selectbox(
        "Watch beside",
        options,
        index=options.index(wanted) if wanted in options else 0,
        format_func=lambda one: f"{names[one]} ({one})" if one else "no other run",
    )
    if chosen:
        st.query_params[BESIDE] = chosen
    elif BESIDE in st.query_params:
        del st.query_params[BESIDE]


def _beside(run: Run) -> Run | None:
    """The run to be watched beside, as the address names it."""
    chosen = st.query_params.get(BESIDE)
    with sentences():
        return open_run(manager().root, chosen) if chosen and chosen != run.id else None
    return None


page()
