"""The settings that suit a dataset are a function of its numbers, size and tones."""

from __future__ import annotations

from typing import Any

import pytest

from vae_core.config import make_config
from vae_core.data.own.stored import Summary
from vae_core.data.own.suited import FIELDS, suited


def summary(train: int, side: int = 64, extreme: float = 0.1, channels: int = 3) -> Summary:
    return Summary(train=train, test=10, shape=(channels, side, side), classes=2, extreme=extreme)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            summary(20),
            {"architecture": "conv", "latent": 4, "epochs": 300, "batch_size": 32, "augment": ("flip", "shift")},
        ),
        (summary(2_000), {"architecture": "conv", "likelihood": "gaussian-learned", "latent": 16, "epochs": 6}),
        (summary(100_000), {"architecture": "conv", "latent": 64, "epochs": 2}),
        (summary(10_000, 28, 0.87, 1), {"architecture": "mlp", "likelihood": "bernoulli", "latent": 32, "epochs": 6}),
        (summary(300, 28, 0.87, 1), {"architecture": "mlp", "augment": ("shift",), "epochs": 200, "latent": 8}),
    ],
)
def test_each_rule(given: Summary, expected: dict[str, Any]) -> None:
    found = suited(given)
    assert found.values | expected == found.values and set(found.values) <= set(FIELDS)
    config = make_config(**found.values)  # all are valid
    assert config.flat() | found.values == config.flat()
    assert [reason.split()[0] for reason in found.reasons if reason.startswith("--")] == [
        f"--{name.replace('_', '-')}" for name in found.values
    ]


def test_few_pictures_come_with_a_word_about_what_cannot_be_expected() -> None:
    assert "With so few training pictures (20) the model will learn them by heart" in suited(summary(20)).reasons[-1]
    assert not any("by heart" in reason for reason in suited(summary(500)).reasons)
