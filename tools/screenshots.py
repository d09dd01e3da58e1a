"""Makes the README's pictures: starts the app, trains, and takes screenshots of the pages in headless Chromium.

python -m tools.screenshots [FOLDER]     default: docs/images
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from tools.served import READY, ROOT, chromium, served
from vae_core.storage import files

SIZE: ViewportSize = {"width": 1440, "height": 1000}

STILL = {
    "generate": "?trained=example-vae-2d&z=1.2,-0.4",
    "learn": "?lesson=holes",
    "compare": "",
    "denoise": "?corrupt=salt-and-pepper&level=0.25",
    "library": "",
}
"""The pages on which nothing moves by itself, and the query with which each is opened."""


def main(folder: Path) -> None:
    """Saves a screenshot of every page to `folder`, in both themes."""
    files.make_folder(folder)
    with tempfile.TemporaryDirectory() as runs, served(LATENT_LAB_RUNS=runs) as server, chromium() as browser:
        for theme in ("light", "dark"):
            context = browser.new_context(viewport=SIZE, color_scheme="dark" if theme == "dark" else "light")
            _photograph(context.new_page(), server.address, folder, theme)


def _photograph(page: Page, address: str, folder: Path, theme: str) -> None:
    page.goto(address)
    page.wait_for_selector(READY)
    page.wait_for_timeout(9000)
    page.screenshot(path=folder / f"home-{theme}.png")
    for name, query in STILL.items():
        page.goto(f"{address}/{name}{query}")
        page.wait_for_selector(READY)
        page.wait_for_timeout(6000)
        page.screenshot(path=folder / f"{name}-{theme}.png")
    page.goto(f"{address}/train?slow=false&epochs=40")
    page.wait_for_selector(READY)
    page.locator(".st-key-train button").click()
    page.locator(".stage .figures").wait_for(timeout=60_000)
    page.wait_for_timeout(8000)
    page.screenshot(path=folder / f"train-{theme}.png")
    page.locator(".st-key-stop button").click()
    page.wait_for_timeout(3000)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
