"""The latent map: from the pointer event to the drawn picture, in Chromium.

Measures the milliseconds from when the page receives a move until the decoded picture, and everything that moves with it,
is drawn: the work that must fit into a frame. The networks have the shipped sizes; their weights do not affect the time.
"""

from __future__ import annotations

import numpy as np

from benchmarks.common import Result
from tools.served import chromium, served

SCRIPT = "benchmarks/apps/latent_map.py"
MOVES = 300
BOUNDS = {"mlp": 16.7, "conv": 33.0}
CLOCK = """
window.took = [];
let told = null;
addEventListener("pointermove", () => { told ??= performance.now() }, true);
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...parts) {
  put.apply(this, parts);
  if (told === null || !this.canvas.closest(".decoded")) return;
  const canvases = this.canvas.getRootNode().querySelectorAll("canvas");
  queueMicrotask(() => {  // once all of this frame is drawn; reading a pixel waits for it
    for (const canvas of canvases) canvas.getContext("2d").getImageData(0, 0, 1, 1);
    window.took.push(performance.now() - told);
    told = null;
  });
};
"""


def _percentile(architecture: str, address: str) -> float:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.add_init_script(CLOCK)
        page.goto(f"{address}/?architecture={architecture}")
        page.wait_for_selector(".over[aria-label]", timeout=60_000)
        box = page.locator(".over").bounding_box()
        assert box is not None
        for move in range(MOVES + 60):
            if move == 60:  # the first ones include compilation
                page.evaluate("window.took.length = 0")
            angle = move / 25
            x = box["x"] + box["width"] * (0.5 + 0.35 * np.cos(angle))
            page.mouse.move(x, box["y"] + box["height"] * (0.5 + 0.35 * np.sin(1.3 * angle)))
        page.wait_for_timeout(200)
        took = page.evaluate("window.took")
    if len(took) < MOVES / 3:
        raise RuntimeError(f"only {len(took)} of {MOVES} moves drew a picture")
    return float(np.percentile(took, 95))


def measure() -> Result:
    """Measures both networks as shares of their bounds; the larger share counts."""
    with served(SCRIPT) as server:
        times = {name: _percentile(name, server.address) for name in BOUNDS}
    ratio = max(times[name] / bound for name, bound in BOUNDS.items())
    detail = ", ".join(f"{name} {times[name]:.1f} of {bound:g} ms" for name, bound in BOUNDS.items())
    return Result("latent map, pointer to picture, 95th percentile / its bound", ratio, 1.0, False, detail)
