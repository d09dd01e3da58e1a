"""The loss: how terms are weighed, and that every setting counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vae_core.config import make_config
from vae_core.data.batches import to_float
from vae_core.data.datasets import load_dataset
from vae_core.data.randomness import Stream, generator
from vae_core.models.build import build_model
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.objectives.objective import LossTerms, Objective
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ModelConfig, ObjectiveConfig

TERMS = LossTerms(torch.tensor([100.0, 200.0]), torch.tensor([[1.0, 2.0], [3.0, 6.0]]))


def loss(step: int = 0, terms: LossTerms = TERMS, **values: object) -> float:
    return Objective(ObjectiveConfig.model_validate(values), 10).loss(terms, step).item()


def test_beta_weighs_the_kl_in_nats_per_image() -> None:
    assert loss() == 150 + 6
    assert loss(beta=4.0) == 150 + 4 * 6
    assert loss(beta=0.0) == 150


def test_the_warmup_weighs_less_and_the_target_does_not_know_it() -> None:
    config = ObjectiveConfig(beta=4.0, beta_schedule="linear", warmup_epochs=2.0)
    objective = Objective(config, 10)
    assert objective.loss(TERMS, 0).item() == 150
    assert objective.loss(TERMS, 5).item() == 150 + 6
    assert objective.target(*TERMS.means()) == 150 + 24


def test_a_capacity_charges_the_distance_of_the_mean_kl_from_it() -> None:
    config = ObjectiveConfig(capacity=10.0, gamma=30.0, warmup_epochs=1.0)
    objective = Objective(config, 10)
    assert objective.loss(TERMS, 0).item() == 150 + 30 * 6
    assert objective.loss(TERMS, 6).item() == 150
    assert objective.loss(TERMS, 10).item() == 150 + 30 * 4
    assert objective.target(*TERMS.means()) == 150 + 30 * 4


def test_an_autoencoder_pays_for_its_reconstruction_alone() -> None:
    alone = LossTerms(TERMS.reconstruction, None)
    assert loss(terms=alone, beta=5.0) == loss(terms=alone, capacity=3.0) == 150
    assert alone.means() == (150, None)


def test_the_loss_of_a_batch_is_the_value_of_its_means() -> None:
    for values in ({"beta": 2.5}, {"capacity": 4.0}):
        objective = Objective(ObjectiveConfig.model_validate(values), 10)
        assert objective.loss(TERMS, 3).item() == pytest.approx(objective.value(*TERMS.means(), 3))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_a_batch_of_one_works_and_doubled_rows_leave_the_loss_as_it_was(likelihood: str) -> None:
    config = ObjectiveConfig.model_validate({"likelihood": likelihood})
    model, build = build_model(ModelConfig(), (1, 28, 28), 0), build_likelihood(config)
    images = to_float(load_dataset("mnist-sample").train_images[:8])

    def mean_loss(rows: torch.Tensor) -> torch.Tensor:
        posterior = model.encode(rows)
        output = model.decode(posterior.mean)
        return Objective(config, 10).loss(Objective(config, 10).terms(build, output, rows, posterior), 0)

    torch.testing.assert_close(mean_loss(images), mean_loss(images.repeat(2, 1, 1, 1)))
    torch.testing.assert_close(mean_loss(images), torch.stack([mean_loss(row[None]) for row in images]).mean())


@pytest.mark.parametrize(
    "changed",
    [
        {"beta": 2.0},
        {"beta_schedule": "linear"},
        {"beta_schedule": "linear", "warmup_epochs": 3.0},
        {"capacity": 5.0},
        {"capacity": 6.0},
        {"capacity": 5.0, "gamma": 31.0},
        {"capacity": 5.0, "warmup_epochs": 3.0},
        {"likelihood": "gaussian"},
        {"likelihood": "gaussian", "sigma": 0.5},
        {"likelihood": "gaussian-learned", "sigma": 0.25},
        {"likelihood": "continuous-bernoulli"},
    ],
    ids=str,
)
def test_every_setting_changes_the_loss(changed: dict[str, object]) -> None:
    """Against the defaults and against the other rows, at a step in the middle of the warm-up."""
    base: list[dict[str, object]] = [{}, {"capacity": 5.0}, {"beta_schedule": "linear"}, {"likelihood": "gaussian"}]
    losses = {str(values): _digit_loss(values) for values in base}
    assert all(abs(value - _digit_loss(changed)) > 1e-3 for name, value in losses.items() if name != str(changed))


def _digit_loss(values: dict[str, object]) -> float:
    config = ObjectiveConfig.model_validate(values)
    model, objective = build_model(ModelConfig(latent=4), (1, 28, 28), 0), Objective(config, 10)
    images = to_float(load_dataset("mnist-sample").train_images[:16])
    posterior = model.encode(images)
    output = model.decode(posterior.sample(generator(0, Stream.EPSILON)))
    return objective.loss(objective.terms(build_likelihood(config), output, images, posterior), 7).item()


@pytest.mark.parametrize("values", [{"beta": 4.0}, {"beta": 4.0, "beta_schedule": "linear"}, {"capacity": 3.0}])
@pytest.mark.parametrize("kl", [0.5, 2.0, 30.0])
def test_the_slope_of_an_objective_is_that_of_autograd(values: dict[str, Any], kl: float) -> None:
    objective = Objective(make_config(**values).objective, steps_per_epoch=10)
    leaf = torch.tensor(kl, requires_grad=True)
    objective.value(torch.tensor(100.0), leaf, 20).backward()
    assert leaf.grad is not None
    assert objective.kl_gradient(leaf.detach(), 20) == pytest.approx(leaf.grad.item())
