"""Eight runs on two cores through the manager, against single runs on one core, excluding start-up.

Both sides use the manager, so that both pay for processes, film and checkpoints. Start-up is everything before a run's
first step; for the sweep it is excluded once, for the two workers that start together. The result also states how much the
machine slows down plain matrix products when two cores are busy.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from benchmarks.common import Result, dataset_name, median
from benchmarks.roofline import roofline_images_per_second
from vae_core.config import RunConfig, make_config
from vae_core.storage.runs import Run
from vae_core.storage.states import State
from vae_core.training.manager import Manager
from vae_core.training.sweep import Sweep, sweep_configs

TURNS = 3
RUNS, SLOTS = 8, 2
EPOCHS = 5
POLL_SECONDS = 0.1
PRODUCTS_STEPS = 1_500


def _wait_for_step(run: Run, step: int) -> None:
    while run.status().step < step:
        if run.state().has_failed or run.state() is State.INTERRUPTED:
            raise RuntimeError(run.status().message)
        time.sleep(POLL_SECONDS)


def seconds_of(configs: list[RunConfig], slots: int) -> float:
    """Seconds from the first step of the first run to the end of the last run."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        manager = Manager(root, slots=slots)
        try:
            sweep = Sweep.start(manager, configs, root)
            _wait_for_step(sweep.runs[0], 1)
            began = time.perf_counter()
            while not sweep.progress().over:
                time.sleep(POLL_SECONDS)
            seconds = time.perf_counter() - began
            if sweep.progress().done < len(configs):
                raise RuntimeError(str(sweep.progress()))
        finally:
            manager.close()
    return seconds


def products_ratio(pool: ProcessPoolExecutor, slots: int) -> float:
    """How much longer the same matrix products take when every slot computes them."""
    alone = pool.submit(roofline_images_per_second, PRODUCTS_STEPS).result()
    return alone / median(list(pool.map(roofline_images_per_second, [PRODUCTS_STEPS] * slots)))


def measure() -> Result:
    cores = os.cpu_count() or 1
    slots = min(SLOTS, cores)
    base = make_config(dataset=dataset_name(), epochs=EPOCHS, threads=1, device="cpu")
    configs = sweep_configs(base, "beta", range(1, RUNS + 1))
    single, together, machine = [], [], []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(slots, mp_context=spawn, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for _ in range(TURNS):
            single.append(seconds_of(configs[:1], slots=1))
            together.append(seconds_of(configs, slots=slots))
            machine.append(products_ratio(pool, slots))
    ratio = median([all_runs / (RUNS / slots * run) for all_runs, run in zip(together, single, strict=True)])
    detail = (
        f"{RUNS} runs in {median(together):.1f} s on {slots} cores, one in {median(single):.1f} s; "
        f"matrix products alone {median(machine):.2f}"
    )
    return Result(f"{RUNS} runs / ({RUNS} / {slots}) single runs", ratio, 1.1, False, detail)
