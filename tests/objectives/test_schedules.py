"""Beta, capacity and learning rate at given steps."""

from __future__ import annotations

import pytest

from vae_core.objectives.schedules import beta_at, capacity_at, learning_rate_at
from vae_core.settings import ObjectiveConfig, TrainingConfig

STEPS_PER_EPOCH = 10


@pytest.mark.parametrize(
    ("schedule", "warmup", "step", "expected"),
    [
        ("constant", 5.0, 0, 4.0),
        ("constant", 5.0, 10_000, 4.0),
        ("linear", 5.0, 0, 0.0),
        ("linear", 5.0, 1, 0.08),
        ("linear", 5.0, 25, 2.0),
        ("linear", 5.0, 50, 4.0),
        ("linear", 5.0, 10_000, 4.0),
        ("linear", 0.25, 1, 1.6),
        ("linear", 0.25, 3, 4.0),
        ("linear", 0.01, 1, 4.0),
    ],
)
def test_beta_rises_to_its_value_over_the_warmup(schedule: str, warmup: float, step: int, expected: float) -> None:
    config = ObjectiveConfig.model_validate({"beta": 4.0, "beta_schedule": schedule, "warmup_epochs": warmup})
    assert beta_at(config, step, STEPS_PER_EPOCH) == pytest.approx(expected)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.0), (5, 2.5), (20, 10.0), (25, 12.5), (50, 25.0), (99, 25.0)])
def test_the_capacity_rises_over_the_warmup(step: int, expected: float) -> None:
    config = ObjectiveConfig(capacity=25.0, warmup_epochs=5.0)
    assert capacity_at(config, step, STEPS_PER_EPOCH) == pytest.approx(expected)


def test_without_a_capacity_there_is_none() -> None:
    assert capacity_at(ObjectiveConfig(), 3, STEPS_PER_EPOCH) is None


@pytest.mark.parametrize(
    ("schedule", "warmup", "step", "expected"),
    [
        ("constant", 0.0, 0, 0.01),
        ("constant", 0.0, 399, 0.01),
        ("constant", 4.0, 0, 0.01 / 40),
        ("constant", 4.0, 19, 0.005),
        ("constant", 4.0, 39, 0.01),
        ("cosine", 0.0, 0, 0.01),
        ("cosine", 0.0, 100, 0.01 * (1 + 0.5**0.5) / 2),
        ("cosine", 0.0, 200, 0.005),
        ("cosine", 0.0, 400, 0.0),
        ("step", 0.0, 199, 0.01),
        ("step", 0.0, 200, 0.001),
        ("step", 0.0, 300, 0.0001),
        ("step", 30.0, 199, 0.01 * 200 / 300),
    ],
)
def test_the_learning_rate_rises_and_falls(schedule: str, warmup: float, step: int, expected: float) -> None:
    config = TrainingConfig.model_validate(
        {"lr": 0.01, "epochs": 40, "lr_schedule": schedule, "lr_warmup_epochs": warmup}
    )
    assert learning_rate_at(config, step, STEPS_PER_EPOCH) == pytest.approx(expected, abs=1e-12)
