"""A page of the app, opened in Streamlit's own test harness, and waiting for what its processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

NAVIGATION = Path(__file__).parents[2] / "pages" / "navigation.py"
SECONDS = 60
"""How long a page, or a process of it, may take on a busy machine."""


def open_app() -> AppTest:
    """The app at its first page."""
    return AppTest.from_file(str(NAVIGATION), default_timeout=SECONDS).run()


def open_page(name: str, /, **query: str | list[str]) -> AppTest:
    """The page of that folder under `pages/`, at an address with this query."""
    page = open_app()
    for parameter, value in query.items():
        page.query_params[parameter] = value
    return page.switch_page(f"{name}/page.py").run()


def wait_until(done: Callable[[], object]) -> None:
    """Polls until the condition holds."""
    leave = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < leave
        time.sleep(0.05)
