"""What only a GPU can show. Skipped where there is none; `python -m tools.gpu_check` runs these there."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vae_core.config import make_config
from vae_core.data.datasets import Dataset
from vae_core.training.loop import Trainer
from vae_core.training.snapshot import restore, snapshot

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
BASE: dict[str, Any] = {"device": "cuda", "batch_size": 32, "epochs": 3, "latent": 4}


def losses(trainer: Trainer, count: int) -> list[float]:
    return [record["loss"] for _ in range(count) if (record := trainer.train_step()) is not None]


@pytest.mark.parametrize("values", [{}, {"architecture": "conv"}, {"corruption": "gaussian"}, {"average": 0.9}])
def test_a_resumed_training_has_the_same_bits_on_the_device(values: dict[str, Any], small: Dataset) -> None:
    config = make_config(**BASE, **values)
    alone = Trainer(config, small)
    losses(alone, 8)
    tensors, record = snapshot(alone)
    resumed = Trainer(config, small)
    restore(resumed, tensors, record)
    assert losses(alone, 8) == losses(resumed, 8)


def test_the_device_gives_what_the_processor_gives_up_to_rounding(small: Dataset) -> None:
    """Epsilon is drawn on the device, so this compares an autoencoder, which draws none."""
    here, there = (
        Trainer(make_config(**BASE | {"model": "ae", "device": device}), small) for device in ("cpu", "cuda")
    )
    assert losses(there, 10) == pytest.approx(losses(here, 10), rel=1e-3)


def test_data_and_weights_lie_on_the_device(small: Dataset) -> None:
    trainer = Trainer(make_config(**BASE), small)
    assert trainer.images.is_cuda and trainer.flat.values.is_cuda
