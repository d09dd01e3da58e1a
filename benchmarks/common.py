"""What the benchmarks share: how a result is reported, and a plain run to measure."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vae_core.config import RunConfig
from vae_core.data import datasets
from vae_core.data.datasets import Dataset
from vae_core.errors import DataError
from vae_core.training.driver import Driver
from vae_core.training.new_run import create_run


@dataclass(frozen=True)
class Result:
    """A ratio and its bound.

    Attributes:
        what: the ratio in words.
        ratio: the median over the turns.
        bound: the ratio's bound.
        at_least: whether the ratio must be at least the bound, rather than at most.
        detail: both sides, with their units.
    """

    what: str
    ratio: float
    bound: float
    at_least: bool
    detail: str

    @property
    def kept(self) -> bool:
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound

    def __str__(self) -> str:
        sign = "at least" if self.at_least else "at most"
        return f"{'ok  ' if self.kept else 'MISS'} {self.what}: {self.ratio:.2f} ({sign} {self.bound:g}); {self.detail}"


def dataset_name() -> str:
    """The full MNIST if it is available, otherwise the sample."""
    try:
        return datasets.load_dataset("mnist").name
    except DataError:
        return "mnist-sample"


def trained_images_per_second(config: RunConfig, data: Dataset | None = None) -> float:
    """The speed of a complete `train`, including film and checkpoints, in a temporary folder.

    Args:
        config: the run's configuration.
        data: used instead of the dataset that the configuration names.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = create_run(Path(folder), config)
        status = Driver(run, load=None if data is None else lambda progress: data).drive()
    if status.images_per_second is None:
        raise RuntimeError("the run recorded no speed")
    return status.images_per_second


median = statistics.median
