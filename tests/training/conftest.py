"""Short runs on real digits: a cut of the bundled sample in process, and helpers that read what a run left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from vae_core.config import RunConfig, make_config
from vae_core.data import datasets
from vae_core.data.datasets import Dataset
from vae_core.storage.metrics import Record, read_records
from vae_core.storage.runs import Run, create_run
from vae_core.training.loop import Event, Stepped, Trainer, train

CLOCK = "seconds"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The thread count of a run's default, so that bits compare."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def sample() -> Dataset:
    return datasets.load("mnist-sample")


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
    monkeypatch.setattr(datasets, "load", lambda *arguments: small)
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


def outcome(run: Run) -> dict[str, Any]:
    """All that must not depend on kills and pauses: weights, optimizer, records and film, without clocks."""
    kept = [*run.folder.glob("*.safetensors"), *run.folder.glob("film/*.npz")]
    return {
        "records": without_clock(read_records(run.folder / "metrics.jsonl")),
        **{path.relative_to(run.folder).as_posix(): path.read_bytes() for path in kept if _at_the_end(path, run)},
    }


def _at_the_end(path: Path, run: Run) -> bool:
    """Steps kept on the way depend on when checkpoints were taken; the last one does not."""
    return not path.name.startswith("step-") or path.name == f"step-{run.status().step:08d}.safetensors"


def without_clock(records: list[Record]) -> list[Record]:
    return [{key: value for key, value in record.items() if key != CLOCK} for record in records]


def assert_same(run: Run, other: Run) -> None:
    """The two runs ended with the same bits."""
    left, right = outcome(run), outcome(other)
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []


def leftovers(run: Run) -> list[str]:
    return [path.name for path in run.folder.rglob(".*.tmp")]
