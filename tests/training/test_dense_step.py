from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

from vae_core.config import make_config
from vae_core.data.datasets import Dataset
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.training.dense_step import is_dense
from vae_core.training.loop import Trainer

NETWORKS: list[dict[str, Any]] = [
    {"model": "ae"},
    {"model": "vae", "encoder": "shared"},
    {"model": "vae", "encoder": "separate"},
]
OBJECTIVES: list[dict[str, Any]] = [
    {"beta": 4.0},
    {"beta": 4.0, "beta_schedule": "linear"},
    {"capacity": 2.0, "gamma": 10.0},
]
INPUTS: list[dict[str, Any]] = [{"corruption": "gaussian"}, {"binarize": "dynamic"}, {"hidden": "none"}]


def trainer_of(dataset: Dataset, **values: Any) -> Trainer:
    trainer = Trainer(make_config(**{"batch_size": 64, "epochs": 2, "hidden": "16,8", "latent": 3, **values}), dataset)
    for _ in range(2):  # away from the start, where biases and the KL are small
        trainer.train_step()
    return trainer


def check_against_autograd(trainer: Trainer) -> None:
    """Loss, terms and every gradient of the next batch, in float32: 1e-5 of a gradient's norm is rounding."""
    _, loss = trainer._gradients()
    ours = [parameter.grad.clone() for parameter in trainer.flat.parameters if parameter.grad is not None]
    terms, expected = trainer._forward()
    gradients = torch.autograd.grad(expected, trainer.flat.parameters)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert terms.means()[0] == pytest.approx(trainer._gradients()[0].means()[0], rel=1e-5)
    for mine, theirs in zip(ours, gradients, strict=True):
        assert (mine - theirs).norm() <= 1e-5 * theirs.norm() + 1e-9


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: "-".join(network.values()))
def test_the_closed_form_equals_autograd(
    network: dict[str, Any], likelihood: str, activation: str, small: Dataset
) -> None:
    objectives = [{}] if network["model"] == "ae" else OBJECTIVES
    for objective, inputs in itertools.zip_longest(objectives, INPUTS, fillvalue={}):
        trainer = trainer_of(small, likelihood=likelihood, activation=activation, **network, **objective, **inputs)
        assert is_dense(trainer.model)
        check_against_autograd(trainer)


def test_the_smaller_last_batch_of_an_epoch_uses_a_part_of_the_memory(small: Dataset) -> None:
    trainer = trainer_of(small)
    trainer.step = trainer.steps_per_epoch - 1
    assert trainer.images_in(trainer.step + 1) < trainer.batch_size
    check_against_autograd(trainer)


def test_a_log_variance_beyond_its_bound_still_gets_a_gradient(small: Dataset) -> None:
    trainer = trainer_of(small)
    with torch.no_grad():
        layer = trainer.model.encoder[-1]
        assert isinstance(layer, torch.nn.Linear)
        layer.bias[3:] = -40.0
    check_against_autograd(trainer)
    assert layer.bias.grad is not None and (layer.bias.grad[3:] != 0).all()


def test_a_convolutional_model_stays_on_autograd(small: Dataset) -> None:
    trainer = trainer_of(small, architecture="conv", hidden="4,8")
    assert not is_dense(trainer.model)
    check_against_autograd(trainer)
