"""Training speed while a browser on the same machine is watching, against the same run unwatched."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.common import Result, dataset_name, median
from tools.served import READY, Server, chromium, served
from vae_core.config import make_config
from vae_core.storage.runs import Run, list_runs, open_run
from vae_core.storage.states import State

TURNS = 8
SECONDS = 10.0
SETTLE_SECONDS = 5.0
"""Time for a page to settle after opening, or for its after-effects to end."""


def _speed(run: Run, seconds: float = SECONDS) -> float:
    """Steps per second, measured over `seconds`."""
    before, began = run.status().step, time.perf_counter()
    time.sleep(seconds)
    return (run.status().step - before) / (time.perf_counter() - began)


def _started(server: Server, browser: Browser, runs: Path) -> tuple[Run, Page]:
    """A run that outlasts the measurement, at full speed, and the page that watches it."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{server.address}/train?slow=false&epochs=3000&dataset={dataset_name()}")
    page.wait_for_selector(READY)
    page.wait_for_timeout(8000)
    page.locator(".st-key-train button").click()
    page.wait_for_selector(".st-key-pause button:enabled", timeout=60_000)
    run = open_run(runs, list_runs(runs)[0][0].id)
    while run.status().step < 300:
        time.sleep(0.1)
    return run, page


def measure() -> Result:
    watched, alone = [], []
    with tempfile.TemporaryDirectory() as folder, served(LATENT_LAB_RUNS=folder) as server, chromium() as browser:
        run, page = _started(server, browser, Path(folder))
        address = page.url
        for _ in range(TURNS):
            page.goto(address)
            page.wait_for_selector(".st-key-pause button:enabled", timeout=60_000)
            time.sleep(SETTLE_SECONDS)
            watched.append(_speed(run))
            page.goto("about:blank")
            time.sleep(SETTLE_SECONDS)
            alone.append(_speed(run))
        run.request(want="stop")
        while run.state() is State.RUNNING:
            time.sleep(0.1)
    # the machine's speed drifts by a fifth within minutes, so each measurement is compared with the next one
    ratio = median([seen / unseen for seen, unseen in zip(watched, alone, strict=True)])
    batch = make_config().training.batch_size
    detail = f"{median(watched) * batch:,.0f} and {median(alone) * batch:,.0f} images/s"
    return Result("watched / unwatched", ratio, 0.95, True, detail)
