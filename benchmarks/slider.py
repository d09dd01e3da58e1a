"""Slider to new picture on the Generate page, against a bare page that only prints the slider's value."""

from __future__ import annotations

import tempfile

from playwright.sync_api import Page

from benchmarks.common import Result, median
from tools.served import READY, chromium, served

MOVES = 40
WARM_UP = 5
_TIMED = """({ selector, changed }) => new Promise((resolve) => {
  const before = document.querySelector(selector)?.getAttribute("aria-label") ?? document.querySelector(selector)?.textContent;
  const slider = document.querySelector(changed);
  const began = performance.now();
  slider.focus();
  const look = () => {
    const found = document.querySelector(selector);
    const now = found?.getAttribute("aria-label") ?? found?.textContent;
    if (found && now !== before) resolve(performance.now() - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""


def _moves(page: Page, picture: str, slider: str) -> list[float]:
    """Milliseconds from each key press to the new picture (or text) on the page."""
    handle = page.locator(slider).first
    times = []
    for _ in range(MOVES + WARM_UP):
        handle.focus()
        pending = page.evaluate_handle(
            "([timed, options]) => { window.timed = eval(timed)(options); }",
            [_TIMED, {"selector": picture, "changed": slider}],
        )
        page.keyboard.press("ArrowRight")
        times.append(float(page.evaluate("() => window.timed")))
        pending.dispose()
    return times[WARM_UP:]


def measure() -> Result:
    with tempfile.TemporaryDirectory() as runs, chromium() as browser:
        with served(LATENT_LAB_RUNS=runs) as app, served("benchmarks/apps/bare.py") as bare:
            pages = browser.new_page(), browser.new_page()
            for page, address in zip(pages, (f"{app.address}/generate", bare.address), strict=True):
                page.goto(address)
                page.wait_for_selector(READY)
                page.wait_for_timeout(3000)
            ours, plain = [], []
            for _ in range(3):
                pages[0].bring_to_front()
                ours += _moves(
                    pages[0],
                    'canvas[aria-label^="Decoded from z = ("]',
                    '[class*="st-key-z1"] input[type="range"], [class*="st-key-z1"] [role="slider"]',
                )
                pages[1].bring_to_front()
                plain += _moves(
                    pages[1], '[data-testid="stMarkdown"]', '.st-key-z input[type="range"], .st-key-z [role="slider"]'
                )
    detail = f"{median(ours):.0f} and {median(plain):.0f} ms"
    return Result("slider to new picture / bare page", median(ours) / median(plain), 1.25, False, detail)
