"""From moving the level slider to the restored picture on Denoise, against a bare page that only prints the value."""

from __future__ import annotations

import tempfile

from benchmarks.common import Result, median
from benchmarks.slider import moves, opened
from tools.served import chromium, served

TURNS = 3


def measure() -> Result:
    ours: list[float] = []
    plain: list[float] = []
    with (
        tempfile.TemporaryDirectory() as runs,
        served(LATENT_LAB_RUNS=runs) as app,
        served("benchmarks/apps/bare.py") as bare,
        chromium() as browser,
    ):
        printed = opened(browser, bare.address)
        for _ in range(TURNS):
            restored = opened(browser, f"{app.address}/denoise?level=0.2")
            ours += moves(restored, '.tiles img[alt^="Denoiser"]', '[class*="st-key-level"]', "src")
            restored.close()
            plain += moves(printed, '[data-testid="stMarkdown"]', ".st-key-z")
    detail = f"{median(ours):.0f} and {median(plain):.0f} ms"
    return Result("level slider to restored picture / bare page", median(ours) / median(plain), 1.25, False, detail)
