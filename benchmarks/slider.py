"""From moving a slider to the new picture on Generate, against a bare page that only prints the slider's value."""

from __future__ import annotations

import tempfile

from playwright.sync_api import Browser, Page

from benchmarks.common import Result, median
from tools.served import READY, chromium, served

TURNS = 3
MOVES = 30
WARM_UP = 5
_TIMED = """([shown, attribute]) => {
  const text = () => document.querySelector(shown).getAttribute(attribute) ?? document.querySelector(shown).textContent;
  const before = text();
  const began = performance.now();
  window.timed = new Promise((resolve) => {
    const look = () => (text() === before ? requestAnimationFrame(look) : resolve(performance.now() - began));
    requestAnimationFrame(look);
  });
}"""


def moves(page: Page, shown: str, slider: str, attribute: str = "alt") -> list[float]:
    """Milliseconds from each press of an arrow key to a change in the picture's attribute (or the text) on the page."""
    page.bring_to_front()
    handle = page.locator(slider).get_by_role("slider").first
    times = []
    for _ in range(MOVES + WARM_UP):
        handle.focus()
        page.evaluate(_TIMED, [shown, attribute])
        page.keyboard.press("ArrowRight")
        times.append(float(page.evaluate("() => window.timed")))
    return times[WARM_UP:]


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.wait_for_selector(READY)
    page.wait_for_timeout(3000)
    return page


def measure() -> Result:
    ours, plain = [], []
    with (
        tempfile.TemporaryDirectory() as runs,
        served(LATENT_LAB_RUNS=runs) as app,
        served("benchmarks/apps/bare.py") as bare,
        chromium() as browser,
    ):
        generate, printed = opened(browser, f"{app.address}/generate"), opened(browser, bare.address)
        for _ in range(TURNS):
            ours += moves(generate, 'img[alt^="Decoded from z = ("]', '[class*="st-key-z1"]')
            plain += moves(printed, '[data-testid="stMarkdown"]', ".st-key-z")
    detail = f"{median(ours):.0f} and {median(plain):.0f} ms"
    return Result("slider to new picture / bare page", median(ours) / median(plain), 1.25, False, detail)
