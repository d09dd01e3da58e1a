"""Opening a lesson by its URL, until its last chart is drawn, against a bare page in the app's own frame, both warm."""

from __future__ import annotations

import tempfile

from playwright.sync_api import Browser

from benchmarks.common import Result, median
from pages.learn.lessons import IDS
from tools.served import READY, chromium, served

TURNS = 6
WARM_UP = 2
_OPENED = """([ready, last]) => new Promise((resolve) => {
  const untouched = (canvas) => canvas.clientWidth && canvas.width === 300 && canvas.height === 150;
  const drawn = (component) => {
    const inside = component.shadowRoot;
    return inside?.childElementCount && ![...inside.querySelectorAll("canvas")].some(untouched);
  };
  const look = () => {
    const charts = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')];
    const awaited = document.querySelector('[data-testid="stSkeleton"]');
    const there = document.querySelector(ready) && document.querySelector(last) && !awaited && charts.every(drawn);
    there ? resolve(performance.now()) : requestAnimationFrame(look);
  };
  look();
})"""


def opened(browser: Browser, address: str, last: str) -> float:
    """Milliseconds from the start of a navigation until the page's last element and all its charts are drawn."""
    page = browser.contexts[0].new_page()
    page.goto(address, wait_until="commit")
    passed = float(page.evaluate(_OPENED, [READY, last]))
    page.close()
    return passed


def measure() -> Result:
    times: dict[str, list[float]] = {name: [] for name in IDS}
    plain: list[float] = []
    with (
        tempfile.TemporaryDirectory() as runs,
        served(LATENT_LAB_RUNS=runs) as app,
        served("benchmarks/apps/chrome.py", LATENT_LAB_RUNS=runs) as bare,
        chromium() as browser,
    ):
        browser.new_context(viewport={"width": 1440, "height": 1000})
        for turn in range(WARM_UP + TURNS):
            for name in IDS:
                lesson_time = opened(browser, f"{app.address}/learn?lesson={name}", ".st-key-words .katex")
                bare_time = opened(browser, f"{bare.address}/learn", '[data-testid="stMarkdown"] p')
                if turn >= WARM_UP:
                    times[name].append(lesson_time)
                    plain.append(bare_time)
    slowest = max(times, key=lambda name: median(times[name]))
    everything = [time for lesson in times.values() for time in lesson]
    detail = (
        f"{median(everything):.0f} and {median(plain):.0f} ms; slowest {slowest!r}: "
        f"{median(times[slowest]) / median(plain):.2f}"
    )
    return Result("opening a lesson / a bare page of the app", median(everything) / median(plain), 1.5, False, detail)
