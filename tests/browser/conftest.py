"""A real Chromium and a real server; where there is no Chromium these tests are skipped, but never in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.browser.helpers import PATIENCE
from tools.served import chromium

sync_api = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    if shutil.which("chromium") is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed; in CI nothing is skipped")
        pytest.skip("needs chromium")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Playwright's own five seconds are too few where two cores serve the page, draw it and train."""
    sync_api.expect.set_options(timeout=1000 * PATIENCE)
    yield
    sync_api.expect.set_options(timeout=5_000)


@pytest.fixture
def page(browser: sync_api.Browser) -> Iterator[sync_api.Page]:
    """A page that fails the test where its scripts fail, its console complains, or it asks another host for anything."""
    opened = browser.new_page(viewport={"width": 1440, "height": 1000})
    opened.set_default_timeout(1000 * PATIENCE)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    opened.on("request", lambda request: complaints.append(request.url) if _is_foreign(request.url) else None)
    yield opened
    opened.close()
    assert complaints == []


def _is_complaint(message: sync_api.ConsoleMessage) -> bool:
    """Errors; but below an address such as /train Streamlit looks for its own files there first, and finds none."""
    return bool(message.type == "error") and "404" not in message.text


def _is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
