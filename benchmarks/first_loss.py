"""Seconds from the click on Train to the first loss on the page. Warm: the idle worker has torch imported."""

from __future__ import annotations

import tempfile
import time

from benchmarks.common import Result, median
from tools.served import READY, chromium, served

TURNS = 3
WARM_SECONDS = 15_000
"""Milliseconds for the idle worker to start."""


def measure() -> Result:
    seconds = []
    with tempfile.TemporaryDirectory() as runs, served(LATENT_LAB_RUNS=runs) as server, chromium() as browser:
        for _ in range(TURNS):
            page = browser.new_page()
            page.goto(f"{server.address}/train?epochs=300")
            page.wait_for_selector(READY)
            page.wait_for_timeout(WARM_SECONDS)
            began = time.perf_counter()
            page.locator(".st-key-train button").click()
            page.get_by_text("nats per image", exact=False).and_(page.get_by_text("=")).first.wait_for(timeout=30_000)
            seconds.append(time.perf_counter() - began)
            page.locator(".st-key-stop button").click()
            page.wait_for_selector(".st-key-train", timeout=30_000)
            page.close()
    turns = ", ".join(f"{value:.2f}" for value in seconds)
    return Result("click on Train to first loss, seconds", median(seconds), 1.5, False, f"turns {turns}")
