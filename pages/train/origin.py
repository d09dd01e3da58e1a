"""The step of another run from which the next run starts, as named in the URL."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal, show_errors
from pages.common.query_params import read_number
from pages.common.session import ORIGIN_PARAMETER, open_anywhere
from vae_core.config import RunConfig
from vae_core.errors import LatentLabError, RunNotFound
from vae_core.storage import checkpoints
from vae_core.storage.usable_steps import check_usable


def with_origin(config: RunConfig | None) -> RunConfig | None:
    """Adds the parent in the URL to the configuration, and shows it above the buttons. A missing parent is reported once."""
    origin = st.query_params.get(ORIGIN_PARAMETER)
    if not origin or config is None:
        return config
    with show_errors():
        try:
            started = config.changed(parent=origin)
            name = _name(origin)
        except LatentLabError:
            forget_origin()
            raise
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(literal(f"Starts from the weights of {name}, step {origin.partition('@')[2]}."))
            st.button("Start anew", key="forget_origin", type="tertiary", on_click=forget_origin)
        return started
    return config


def forget_origin() -> None:
    if ORIGIN_PARAMETER in st.query_params:
        del st.query_params[ORIGIN_PARAMETER]


def _name(origin: str) -> str:
    """The name of the run that the origin RUN@STEP refers to.

    Raises:
        NameInvalid, RunNotFound: there is no such run, or it has no checkpoint of that step.
        RunStateError: the run had diverged at that step.
    """
    run_id, _, step = origin.partition("@")
    run = open_anywhere(run_id)
    steps = checkpoints.kept_steps(run.folder)
    if read_number(step) not in steps:
        kept = ", ".join(map(str, sorted(steps))) or "none"
        raise RunNotFound(f"The run {run.name!r} keeps no step {step}; it keeps {kept}.")
    check_usable(run, int(step))
    return run.name
