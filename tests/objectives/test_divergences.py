"""The KL divergence against known values, torch's own and Monte Carlo."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae_core.models.autoencoder import LOG_VARIANCE_MAX, LOG_VARIANCE_MIN, Posterior
from vae_core.objectives.divergences import kl_per_dimension


def test_it_is_0_at_the_prior_and_one_half_a_dimension_at_mean_1() -> None:
    zeros = torch.zeros(4, 3)
    assert torch.equal(kl_per_dimension(Posterior(zeros, zeros)), zeros)
    assert torch.equal(kl_per_dimension(Posterior(zeros + 1, zeros)), zeros + 0.5)


def test_it_agrees_with_torch_distributions() -> None:
    draw = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(2, 500, 7, generator=draw, dtype=torch.float64) * 4
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_per_dimension(Posterior(mean, log_variance)), expected)


def test_it_agrees_with_monte_carlo() -> None:
    mean, log_variance = torch.tensor([[0.7, -1.3]]).double(), torch.tensor([[-0.8, 0.4]]).double()
    posterior = Posterior(mean.expand(400_000, 2), log_variance.expand(400_000, 2))
    sample = posterior.sample(torch.Generator().manual_seed(0))
    ratio = Normal(mean, (log_variance / 2).exp()).log_prob(sample) - Normal(0.0, 1.0).log_prob(sample)
    torch.testing.assert_close(ratio.mean(dim=0), kl_per_dimension(posterior)[0], atol=0.01, rtol=0)


def test_small_divergences_keep_their_digits_in_float32() -> None:
    log_variance = torch.tensor([[1e-3, -1e-3, 1e-2]])
    exact = kl_per_dimension(Posterior(torch.zeros(1, 3).double(), log_variance.double())).float()
    torch.testing.assert_close(kl_per_dimension(Posterior(torch.zeros(1, 3), log_variance)), exact, rtol=1e-3, atol=0)


@pytest.mark.parametrize("log_variance", [LOG_VARIANCE_MIN, -1.0, 0.0, LOG_VARIANCE_MAX])
def test_it_is_finite_and_not_negative_over_the_whole_range(log_variance: float) -> None:
    mean = torch.tensor([[-1e3, 0.0, 1e-3, 1e3]])
    kl = kl_per_dimension(Posterior(mean, torch.full_like(mean, log_variance)))
    assert kl.isfinite().all() and (kl >= 0).all()


def test_an_autoencoder_has_none() -> None:
    with pytest.raises(ValueError, match="only a VAE"):
        kl_per_dimension(Posterior(torch.zeros(1, 2), None))
