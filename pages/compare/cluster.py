"""Where a sweep is trained: on this machine, or on a Dask cluster given by its scheduler's address."""

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
    """Draws the scheduler's address.

    Returns:
        The address, empty for this machine, and whether a sweep can be sent there.
    """
    is_installed = installed()
    address = str(
        st.text_input(
            "Dask scheduler",
            key="scheduler",
            placeholder=f"{EXAMPLE}; empty: this machine",
            disabled=not is_installed,
            help="Trains on the cluster's workers; the runs are saved here. A scheduler on another machine needs tls:// and "
            "certificates, which only the command line accepts." if is_installed else MISSING,
        )
    ).strip()  # fmt: skip
    if not is_installed:
        st.caption(literal(MISSING))
        return "", True
    try:
        return (check_address(address, Trust()) if address else ""), True
    except LatentLabError as error:
        st.error(literal(str(error)), icon=":material/error:")
        return address, False


def executor(address: str) -> Executor:
    """Returns what trains a sweep sent to this address. Connects once, and again if the connection was lost.

    Raises:
        ClusterError: there is no answer, there are no workers, or the workers have another version of the program.
    """
    if not address:
        return manager()
    cluster = _cluster(address)
    if cluster.lost:
        cluster.close()
        _cluster.clear(address)
        cluster = _cluster(address)
    return cluster


@st.cache_resource(show_spinner="Connecting to the scheduler")
def _cluster(address: str) -> Cluster:
    return Cluster(manager().root, address)
