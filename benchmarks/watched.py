"""Training speed with a browser on the same machine watching, against the same run with nobody watching."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.common import Result, dataset_name, median
from tools.served import READY, Server, chromium, served
from vae_core.config import make_config
from vae_core.storage.runs import Run, list_runs, open_run

TURNS = 3
SECONDS = 20.0


def _speed(run: Run, seconds: float = SECONDS) -> float:
    """Steps a second over so many seconds, once the run is on its way."""
    while run.status().step < 300:
        time.sleep(0.1)
    before, began = run.status().step, time.perf_counter()
    time.sleep(seconds)
    return (run.status().step - before) / (time.perf_counter() - began)


def _started(server: Server, browser: Browser, runs: Path) -> tuple[Run, Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{server.address}/train?slow=false&epochs=3000&dataset={dataset_name()}")
    page.wait_for_selector(READY)
    page.wait_for_timeout(8000)
    page.locator(".st-key-train button").click()
    page.wait_for_selector(".st-key-pause button:enabled", timeout=60_000)
    return open_run(runs, list_runs(runs)[0][0].id), page


def measure() -> Result:
    watched, alone = [], []
    with tempfile.TemporaryDirectory() as folder, served(LATENT_LAB_RUNS=folder) as server, chromium() as browser:
        for _ in range(TURNS):
            run, page = _started(server, browser, Path(folder))
            watched.append(_speed(run))
            page.goto("about:blank")
            time.sleep(6)
            alone.append(_speed(run))
            run.want(want="stop")
            page.close()
            while run.state() == "running":
                time.sleep(0.1)
    ratio = median([seen / unseen for seen, unseen in zip(watched, alone, strict=True)])
    batch = make_config().training.batch_size
    detail = f"{median(watched) * batch:,.0f} and {median(alone) * batch:,.0f} images/s"
    return Result("watched / unwatched", ratio, 0.95, True, detail)
