"""Where a sweep is trained: on this machine, or on a Dask cluster by the address of its scheduler."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import literal
from pages.common.session import manager
from vae_core.errors import LatentLabError
from vae_core.training.cluster import Cluster
from vae_core.training.scheduler import MISSING, Trust, check_address, installed
from vae_core.training.sweep import Executor

EXAMPLE = "tcp://127.0.0.1:8786"


def scheduler() -> tuple[str, bool]:
    """The address that was typed, empty for this machine, and whether a sweep may be sent there."""
    here = installed()
    address = str(
        st.text_input(
            "Dask scheduler",
            key="scheduler",
            placeholder=f"{EXAMPLE}; empty: this machine",
            disabled=not here,
            help="Trains on a cluster's workers; the runs land here. A scheduler on another machine needs tls:// and "
            "the command line, which takes the certificates." if here else MISSING,
        )
    ).strip()  # fmt: skip
    if not here:
        st.caption(literal(MISSING))
        return "", True
    try:
        return (check_address(address, Trust()) if address else ""), True
    except LatentLabError as error:
        st.error(literal(str(error)), icon=":material/error:")
        return address, False


def executor(address: str) -> Executor:
    """What trains a sweep that is sent to this address; connected once, and anew after it was lost.

    Raises:
        ClusterError: nobody answers there, no worker is there, or the workers have another program.
    """
    if not address:
        return manager()
    found = _cluster(address)
    if found.lost:
        found.close()
        _cluster.clear(address)
        found = _cluster(address)
    return found


@st.cache_resource(show_spinner="Looking for the scheduler")
def _cluster(address: str) -> Cluster:
    return Cluster(manager().root, address)
