"""Short runs on real digits: a cut of the bundled sample, trained in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.outcome import wait_for
from vae_core.config import RunConfig, make_config
from vae_core.data import datasets
from vae_core.data.datasets import Dataset
from vae_core.storage.runs import Run, create_run
from vae_core.training.loop import Event, Stepped, Trainer, train
from vae_core.training.manager import Manager


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The thread count of a run's default, so that bits compare."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def sample() -> Dataset:
    return datasets.load_dataset("mnist-sample")


@pytest.fixture(scope="session")
def small(sample: Dataset) -> Dataset:
    """410 training and 100 test digits: thirteen batches of 32 an epoch, the last one of 26."""
    return cut(sample, 410, 100)


def cut(dataset: Dataset, train_count: int, test_count: int) -> Dataset:
    return replace(
        dataset,
        train_images=dataset.train_images[:train_count],
        train_labels=dataset.train_labels[:train_count],
        test_images=dataset.test_images[:test_count],
        test_labels=dataset.test_labels[:test_count],
    )


@pytest.fixture
def toy() -> RunConfig:
    """Thirty-nine steps of a small VAE on `small`."""
    return make_config(batch_size=32, epochs=3, hidden="16", latent=2)


@pytest.fixture
def use_small(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Lets a driver in this process load `small` in place of the whole sample."""
    monkeypatch.setattr(datasets, "load_dataset", lambda *arguments: small)
    return small


@dataclass(frozen=True)
class Course:
    """A trainer that was run to its end, and what it told."""

    trainer: Trainer
    events: list[Event]

    @property
    def losses(self) -> list[float]:
        return [event.record["loss"] for event in self.events if isinstance(event, Stepped) and event.record]


@pytest.fixture
def course(small: Dataset) -> Callable[..., Course]:
    """`course(**values)`: trains with these settings on `small` (or `dataset`), for at most `steps` steps."""

    def run(*, dataset: Dataset = small, steps: int | None = None, **values: Any) -> Course:
        given = {"batch_size": 32, "epochs": 3, "hidden": "16", "latent": 2, **values}
        trainer = Trainer(make_config(**given), dataset)
        events = []
        for event in train(trainer):
            events.append(event)
            if isinstance(event, Stepped) and event.step == steps:
                break
        return Course(trainer, events)

    return run


@pytest.fixture
def new_run(tmp_path: Path, toy: RunConfig) -> Callable[..., Run]:
    """`new_run(name)`: a queued run of the toy configuration, or of another."""

    def make(run_id: str, config: RunConfig = toy) -> Run:
        return create_run(tmp_path / "runs", config, run_id=run_id)

    return make


@pytest.fixture
def manage(runs_root: Path) -> Iterator[Callable[..., Manager]]:
    """`manage(slots=1)`: a manager of an empty folder. Afterwards its runs are stopped and its processes have ended."""
    made: list[Manager] = []

    def make(**options: Any) -> Manager:
        made.append(Manager(runs_root, **options))
        return made[-1]

    yield make
    for manager in made:
        for run in manager.active():
            manager.stop(run)
    for manager in made:
        wait_for(lambda manager=manager: not manager.active(), "the last workers to end")  # type: ignore[misc]
        manager.close()
