"""Latent Lab: `streamlit run app.py`.

Starts and stops what belongs to the server, and turns errors into sentences. pages/navigation.py lists the pages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

from pages.common.errors import show_error
from pages.common.jobs import runner
from pages.common.session import manager


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Starts the manager, which adopts active runs. At the end, stops its idle worker and all background jobs.

    Workers that train continue without the server.
    """
    started = manager()
    yield None
    runner().close()
    started.close()


def on_script_error(error: BaseException) -> bool:
    """Shows one sentence instead of a traceback; the log has the details."""
    show_error(error)
    return True


app = st.App("pages/navigation.py", lifespan=lifespan, on_script_error=on_script_error)
