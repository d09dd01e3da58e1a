"""Optimizer, schedule, clipping, average, patience, augmentation and precision: what each does, and exact resume with each."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vae_core.config import make_config
from vae_core.data.datasets import Dataset
from vae_core.errors import ConfigError
from vae_core.training import device
from vae_core.training.loop import Trainer, train
from vae_core.training.snapshot import restore, snapshot, weights

BASE: dict[str, Any] = {"batch_size": 32, "epochs": 2, "hidden": "16", "latent": 2}
SETTINGS: list[dict[str, Any]] = [
    {"optimizer": "adamw", "weight_decay": 0.01},
    {"optimizer": "sgd", "lr": 1e-4, "weight_decay": 0.001},
    {"clip": 5.0},
    {"lr_schedule": "cosine", "lr_warmup_epochs": 1},
    {"lr_schedule": "step"},
    {"average": 0.9},
    {"augment": "flip,shift,rotate"},
    {"precision": "bf16"},
    {"patience": 1.0, "likelihood": "gaussian-learned", "average": 0.99, "optimizer": "adamw", "corruption": "masking"},
]


@pytest.fixture(autouse=True)
def bf16_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch emulates bfloat16 where the processor lacks it; only its speed needs the hardware."""
    monkeypatch.setattr(device, "_cpu_has_bf16", lambda: True)


def steps(trainer: Trainer, count: int) -> list[float]:
    return [record["loss"] for _ in range(count) if (record := trainer.train_step()) is not None]


@pytest.mark.parametrize("setting", SETTINGS, ids="-".join)
def test_a_resumed_training_has_the_same_bits(setting: dict[str, Any], small: Dataset) -> None:
    config = make_config(**BASE | setting)
    alone = Trainer(config, small)
    losses = steps(alone, 7)
    tensors, record = snapshot(alone)
    losses += steps(alone, 7)
    resumed = Trainer(config, small)
    steps(resumed, 3)
    restore(resumed, tensors, record)
    assert steps(resumed, 7) == losses[7:]
    ours, theirs = snapshot(alone)[0], snapshot(resumed)[0]
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours)


@pytest.mark.parametrize("setting", [item for item in SETTINGS if item.get("lr_schedule") != "step"], ids="-".join)
def test_each_setting_changes_the_training(setting: dict[str, Any], small: Dataset) -> None:
    plain, changed = Trainer(make_config(**BASE), small), Trainer(make_config(**BASE | setting), small)
    steps(plain, 3), steps(changed, 3)
    assert any((weights(plain)[name] != array).any() for name, array in weights(changed).items())


def test_clipping_leaves_a_norm_of_at_most_the_limit(small: Dataset) -> None:
    trainer = Trainer(make_config(**BASE, clip=5.0), small)
    trainer._gradients()
    gradient = trainer.flat.values.grad
    assert gradient is not None and gradient.norm() > 5
    before = gradient.clone()
    trainer.flat.clip(5.0)
    torch.testing.assert_close(gradient, before * (5.0 / before.norm()))
    trainer.flat.clip(1e6)
    torch.testing.assert_close(gradient.norm(), torch.tensor(5.0))


def test_the_average_is_what_is_evaluated_and_kept(small: Dataset) -> None:
    trainer = Trainer(make_config(**BASE, average=0.5), small)
    start, expected = trainer.flat.values.detach().clone(), trainer.flat.values.detach().clone()
    for step in range(1, 6):
        trainer.train_step()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * trainer.flat.values.detach()
    trained = trainer.flat.values.detach().clone()
    assert not torch.equal(trained, start)
    kept = torch.cat([torch.from_numpy(array).flatten() for array in weights(trainer).values()])
    torch.testing.assert_close(kept, expected)
    assert torch.equal(trainer.flat.values, trained)
    other = Trainer(make_config(**BASE), small)
    with torch.no_grad():
        other.flat.values.copy_(trainer.flat.average)
    assert trainer.validate().record["target"] == pytest.approx(other.validate().record["target"])


def test_a_training_that_stalls_ends_early(small: Dataset) -> None:
    """A learning rate of 1 never improves on the start; two epochs are then waited for, and no more."""
    trainer = Trainer(make_config(**BASE | {"epochs": 50, "patience": 2.0, "optimizer": "sgd", "lr": 1e-9}), small)
    trainer.best = (0, -1e9)
    list(train(trainer))
    assert trainer.is_finished and trainer.has_stalled
    assert 2 * trainer.steps_per_epoch <= trainer.step < trainer.total_steps
    trainer.best = (trainer.step, 0.0)
    assert not trainer.is_finished


def test_bf16_is_refused_where_the_processor_lacks_it(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_cpu_has_bf16", lambda: False)
    with pytest.raises(ConfigError, match="This processor has no bfloat16 arithmetic"):
        Trainer(make_config(**BASE, precision="bf16", device="cpu"), small)


def test_bf16_comes_close_to_float32(small: Dataset) -> None:
    exact, rough = (Trainer(make_config(**BASE, precision=name), small) for name in ("float32", "bf16"))
    assert steps(rough, 20)[-1] == pytest.approx(steps(exact, 20)[-1], rel=0.02)
    assert rough.flat.values.dtype == torch.float32
