"""Checks that training on this machine's GPU is correct and fast: `python -m tools.gpu_check`.

Runs the tests marked `cuda` (exact resume on the device among them), then trains each network for a while and prints one
table of images per second. Takes less than eight minutes. Without a GPU it says so and exits with status 2; `--cpu` runs a
shortened version on the CPU, which checks this script and nothing else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.table import Table

from vae_core.config import RunConfig, make_config
from vae_core.data.datasets import load_dataset
from vae_core.errors import ConfigError
from vae_core.training.loop import Trainer

NETWORKS: dict[str, dict[str, str]] = {
    "dense 256-64": {"architecture": "mlp", "dataset": "mnist-sample"},
    "conv, grey 28 x 28": {"architecture": "conv", "dataset": "mnist-sample"},
    "conv, colour 28 x 28": {"architecture": "conv", "dataset": "coloured-mnist-sample"},
}
BATCHES = (128, 1024)
PRECISIONS = ("float32", "bf16")
WARM_STEPS = 20


@dataclass(frozen=True)
class Speed:
    """Images per second of training steps, their records included; None if the device cannot do it."""

    network: str
    batch: int
    precision: str
    images_per_second: float | None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", action="store_true", help="check this script on the CPU")
    parser.add_argument("--seconds", type=float, default=8.0, help="training time per row of the table (default: 8)")
    options = parser.parse_args(arguments)
    if not options.cpu and not torch.cuda.is_available():
        print("This machine has no CUDA device that torch can use; --cpu checks the script alone.", file=sys.stderr)
        return 2
    device = "cpu" if options.cpu else "cuda"
    status = 0 if options.cpu else run_tests()
    print_table(device, measure(device, options.seconds))
    return status


def run_tests() -> int:
    """Runs the tests marked `cuda` and returns pytest's exit status."""
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-m", "cuda", "tests"], check=False).returncode


def measure(device: str, seconds: float) -> list[Speed]:
    return [
        Speed(
            name,
            batch,
            precision,
            _speed(make_config(device=device, batch_size=batch, precision=precision, **values), seconds),
        )
        for name, values in NETWORKS.items()
        for batch in BATCHES
        for precision in PRECISIONS
    ]


def _speed(config: RunConfig, seconds: float) -> float | None:
    try:
        trainer = Trainer(config.changed(epochs=100_000), load_dataset(config.data.dataset))
    except ConfigError:
        return None
    for _ in range(WARM_STEPS):
        trainer.train_step()
    _wait(trainer.device)
    began, first = time.perf_counter(), trainer.step
    while time.perf_counter() - began < seconds:
        trainer.train_step()
    _wait(trainer.device)
    images = sum(trainer.images_in(step) for step in range(first + 1, trainer.step + 1))
    return images / (time.perf_counter() - began)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def print_table(device: str, speeds: Sequence[Speed]) -> None:
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU, which says nothing about a GPU"
    table = Table("network", "batch", "precision", "images/s", title=f"{name}, torch {torch.__version__}")
    for speed in speeds:
        value = "not there" if speed.images_per_second is None else f"{speed.images_per_second:,.0f}"
        table.add_row(speed.network, f"{speed.batch:,}", speed.precision, value)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
