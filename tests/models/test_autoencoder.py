"""The posterior: its samples and the range of its log-variance."""

from __future__ import annotations

import pytest
import torch

from vae_core.data.randomness import Stream, generator
from vae_core.models.autoencoder import Posterior, bound


def draw(index: int = 0) -> torch.Generator:
    return generator(0, Stream.EPSILON, index)


def test_samples_have_the_posteriors_mean_and_variance() -> None:
    mean, log_variance = torch.tensor([0.5, -2.0]), torch.tensor([-1.0, 1.5])
    posterior = Posterior(mean.expand(200_000, 2), log_variance.expand(200_000, 2))
    sample = posterior.sample(draw())
    torch.testing.assert_close(sample.mean(dim=0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(sample.var(dim=0), log_variance.exp(), atol=0, rtol=0.02)


def test_a_sample_is_a_function_of_its_generator_and_differs_between_draws() -> None:
    posterior = Posterior(torch.zeros(3, 2), torch.zeros(3, 2))
    before = torch.get_rng_state()
    assert torch.equal(posterior.sample(draw()), posterior.sample(draw()))
    assert not torch.equal(posterior.sample(draw(0)), posterior.sample(draw(1)))
    assert torch.equal(before, torch.get_rng_state())


def test_a_sample_is_the_mean_moved_by_epsilon_standard_deviations() -> None:
    posterior = Posterior(torch.tensor([[1.0]]), torch.tensor([[4.0]]).log())
    assert posterior.at(torch.tensor([[3.0]])).item() == pytest.approx(7.0)


def test_gradients_reach_both_heads_through_a_sample() -> None:
    mean, log_variance = torch.zeros(1, 1, requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    Posterior(mean, log_variance).at(torch.tensor([[3.0]])).sum().backward()
    assert mean.grad is not None and log_variance.grad is not None
    assert (mean.grad.item(), log_variance.grad.item()) == (1.0, 1.5)


def test_an_autoencoders_posterior_is_its_code() -> None:
    code = torch.randn(4, 3)
    posterior = Posterior(code, None)
    assert posterior.sample(draw()) is code
    assert posterior.at(torch.ones(4, 3)) is code


def test_a_value_out_of_bounds_is_called_back_by_its_gradient() -> None:
    value = torch.tensor([-5.0, 0.5, 5.0], requires_grad=True)
    (bound(value, -1.0, 1.0) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert bound(value, -1.0, 1.0).tolist() == [-1.0, 0.5, 1.0]
    assert value.grad is not None and value.grad.tolist() == [1.0, 2.0, 3.0]
