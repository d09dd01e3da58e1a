"""What the tests of several pages do in a browser: wait for what must come, press buttons, look at canvases."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tools.served import READY, Server
from vae_core.storage.runs import Run, list_runs, open_run

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PATIENCE = 60.0
"""Seconds that a page may take on a busy machine. Nothing here waits longer than it must."""


class App(Server):
    """The app with runs of its own."""

    def __init__(self, runs: Path) -> None:
        super().__init__(LATENT_LAB_RUNS=str(runs))
        self.runs = runs

    def run_of(self, page: Page) -> Run:
        """The run that the page's address names."""
        match = re.search(r"[?&]run=([a-z0-9-]+)", page.url)
        assert match is not None, page.url
        return open_run(self.runs, match.group(1))

    def stop_all(self) -> None:
        """Stops every run, and the server once they have ended."""
        for run in list_runs(self.runs)[0]:
            run.request(want="stop")
            wait_for_state(run, "done", "stopped", "queued", "interrupted", "paused")
        self.end()


def wait_for_state(run: Run, *states: str) -> str:
    """Waits until the run is in one of the states, and returns it."""
    leave = time.monotonic() + 2 * PATIENCE
    while (state := run.state()) not in states:
        assert time.monotonic() < leave, f"{state!r}: {run.status()}"
        time.sleep(0.1)
    return state


def eventually(page: Page, condition: Callable[[], object], what: str) -> None:
    """Waits until the condition holds."""
    leave = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < leave, f"waited in vain for {what}"
        page.wait_for_timeout(30)


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(READY)


def button(page: Page, key: str) -> Locator:
    """The button of that key; one with help stands there twice, the second time for a narrow screen."""
    return page.locator(f".st-key-{key} button").first


def press(page: Page, key: str) -> None:
    button(page, key).click()


def pixels(canvas: Locator) -> str:
    """What a canvas shows, to be compared."""
    return str(canvas.evaluate("canvas => canvas.toDataURL()"))


COUNT_FRAMES = """
window.asked = 0
const ask = window.requestAnimationFrame
window.requestAnimationFrame = (then) => { window.asked++; return ask.call(window, then) }
"""
"""A script for a page, to be added before it is opened: counts in `window.asked` the frames that its scripts ask for."""


def comes_to_rest(page: Page) -> bool:
    """Whether the page, within the patience, spends a second without asking for frames; a stray one or two are allowed."""
    leave = time.monotonic() + PATIENCE
    while time.monotonic() < leave:
        before = page.evaluate("window.asked")
        page.wait_for_timeout(1000)
        if page.evaluate("window.asked") - before <= 2:
            return True
    return False
