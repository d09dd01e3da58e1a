"""The Library with 2,000 runs against one with 20: the time to open the page, and to find a run by name."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.common import Result, median
from tools.served import READY, chromium, served
from vae_core.config import make_config
from vae_core.storage.runs import Status
from vae_core.storage.states import State
from vae_core.training.new_run import create_run

FEW, MANY = 20, 2_000
OPENED = 7
TIMEOUT = 120_000


def _fill(root: Path, count: int) -> None:
    for number in range(count):
        config = make_config(latent=number % 20 + 1, beta=float(number % 5))
        run = create_run(root, config, f"run number {number}", f"run-{number:05d}")
        run.write_status(Status(state=State.DONE, step=100, total_steps=100))


def _open(page: Page, address: str) -> float:
    """Milliseconds from the navigation to the rows on the page."""
    began = time.perf_counter()
    page.goto(address)
    page.locator("tr.run").first.wait_for(timeout=TIMEOUT)
    return (time.perf_counter() - began) * 1e3


def _find(page: Page, name: str) -> float:
    """Milliseconds from Enter in the search to the only matching row."""
    page.wait_for_selector(READY, timeout=TIMEOUT)
    search = page.locator(".st-key-find input")
    search.fill(name)
    began = time.perf_counter()
    search.press("Enter")
    page.wait_for_function("document.querySelector('.st-key-find') && window.location.search.includes('find')")
    page.get_by_text("1 to 1 of 1 runs").wait_for(timeout=TIMEOUT)
    return (time.perf_counter() - began) * 1e3


def library_times(browser: Browser, count: int) -> tuple[float, float, float]:
    """Milliseconds to open the page for the first time, again (the median of several), and to find a run by name."""
    with tempfile.TemporaryDirectory() as runs, tempfile.TemporaryDirectory() as cache:
        _fill(Path(runs), count)
        with served(LATENT_LAB_RUNS=runs, LATENT_LAB_CACHE=cache) as server:
            page = browser.new_page()
            page.goto(server.address)
            page.wait_for_selector(READY, timeout=TIMEOUT)
            page.wait_for_timeout(3000)
            first = _open(page, f"{server.address}/library")
            again = [_open(page, f"{server.address}/library") for _ in range(OPENED)]
            search = _find(page, f"number {count - 1}")
            page.close()
    return first, median(again), search


def measure() -> Result:
    with chromium() as browser:
        few, many = library_times(browser, FEW), library_times(browser, MANY)
    ratio = max(many[0] / few[0], many[1] / few[1])
    detail = (
        f"first {few[0]:.0f} and {many[0]:.0f} ms, again {few[1]:.0f} and {many[1]:.0f} ms; "
        f"a run found by name in one rerun after {few[2]:.0f} and {many[2]:.0f} ms"
    )
    return Result(f"opening the Library with {MANY:,} runs / with {FEW}", ratio, 2.0, False, detail)
