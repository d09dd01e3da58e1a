"""Latent Lab: `streamlit run app.py`.

The pages are chosen in pages/navigation.py; here the server's own life begins and ends, and an error becomes a sentence.
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
    """The manager finds the runs of before, and ends its idle worker; workers that train go on without the server.

    Background work ends with the server.
    """
    started = manager()
    yield None
    runner().close()
    started.close()


def on_script_error(error: BaseException) -> bool:
    """Shows one sentence in place of a traceback; the log has the rest."""
    show_error(error)
    return True


app = st.App("pages/navigation.py", lifespan=lifespan, on_script_error=on_script_error)
