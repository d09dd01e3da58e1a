"""From moving a slider of a comparison to the new pictures of eight models, against a bare page that prints the value.

All eight pictures are in one element, so they all appear with the last one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import Result, median
from benchmarks.slider import moves, opened
from tools.served import chromium, served
from vae_core.config import make_config
from vae_core.training.driver import Driver
from vae_core.training.new_run import create_run

TURNS = 3
BETAS = (0.5, 1, 2, 4, 8, 16, 32, 64)
SETUP: dict[str, Any] = {"dataset": "mnist-sample", "limit": 1000, "epochs": 1, "latent": 10, "hidden": "128"}
"""The shipped sweep's network; how well it is trained does not affect the time."""


def _address(root: Path) -> str:
    runs = [
        create_run(root, make_config(**SETUP, beta=beta), run_id=f"beta-{index}") for index, beta in enumerate(BETAS)
    ]
    for run in runs:
        Driver(run).drive()
    return f"compare?runs={','.join(run.id for run in runs)}"


def measure() -> Result:
    ours, plain = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        served(LATENT_LAB_RUNS=folder) as app,
        served("benchmarks/apps/bare.py") as bare,
        chromium() as browser,
    ):
        compare = opened(browser, f"{app.address}/{_address(Path(folder))}")
        compare.wait_for_selector('img[alt*="Decoded from the same z"]')
        printed = opened(browser, bare.address)
        for _ in range(TURNS):
            ours += moves(compare, f'img[alt^="beta {BETAS[-1]}: Decoded from the same z"]', '[class*="st-key-z"]')
            plain += moves(printed, '[data-testid="stMarkdown"]', ".st-key-z")
    detail = f"{median(ours):.0f} and {median(plain):.0f} ms"
    return Result("one slider to eight models' pictures / bare page", median(ours) / median(plain), 1.5, False, detail)
