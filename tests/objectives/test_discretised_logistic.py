"""The probability of grey levels against the distribution function, and its bits against known answers."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import logistic

from vae_core.config import make_config
from vae_core.evaluation.trained import bits_per_dimension
from vae_core.objectives.discretised_logistic import DEVIATION_OF_UNIT_SCALE, DiscretisedLogistic

GREY_LEVELS = torch.arange(256, dtype=torch.float64) / 255


def likelihood_of(sigma: float) -> DiscretisedLogistic:
    return DiscretisedLogistic(sigma).double()


@pytest.mark.parametrize("sigma", [0.001, 0.01, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("location", [-3.0, 0.0, 0.2, 0.5, 1.0, 4.0])
def test_the_probabilities_of_the_levels_add_up_to_one(location: float, sigma: float) -> None:
    pixels = GREY_LEVELS.view(256, 1, 1, 1)
    nats = likelihood_of(sigma).negative_log_likelihood(torch.full_like(pixels, location), pixels)
    assert (-nats).exp().sum().item() == pytest.approx(1.0, abs=1e-6)


def test_each_level_has_the_probability_of_its_bin() -> None:
    location, sigma = 0.3, 0.05
    edges = (GREY_LEVELS[:-1] + GREY_LEVELS[1:]) / 2
    below = logistic.cdf(edges.numpy(), loc=location, scale=sigma / DEVIATION_OF_UNIT_SCALE)
    expected = torch.diff(torch.cat([torch.zeros(1), torch.from_numpy(below), torch.ones(1)]))
    pixels = GREY_LEVELS.view(256, 1, 1, 1)
    nats = likelihood_of(sigma).negative_log_likelihood(torch.full_like(pixels, location), pixels)
    torch.testing.assert_close((-nats).exp(), expected, rtol=1e-5, atol=1e-12)
    assert torch.isfinite(likelihood_of(0.001).negative_log_likelihood(torch.full_like(pixels, -50.0), pixels)).all()


def test_a_width_without_end_leaves_only_the_two_open_levels() -> None:
    pixels = torch.tensor([0.0, 1.0], dtype=torch.float64).view(2, 1, 1, 1)
    nats = likelihood_of(10.0).negative_log_likelihood(torch.full_like(pixels, 0.5), pixels)
    assert nats.tolist() == pytest.approx([math.log(2)] * 2, abs=0.1)


def test_sigma_is_learned_and_the_collapse_line_has_the_best_one() -> None:
    target = torch.rand(40, 1, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    target = (target * 255).round() / 255
    mean = target.mean(dim=0)
    collapse = likelihood_of(1.0).collapse(mean, target).mean().item()
    for sigma in (0.01, 0.1, 0.2, 0.3, 0.5, 1.0):
        assert collapse <= likelihood_of(sigma).negative_log_likelihood(mean.expand_as(target), target).mean() + 1e-3
    likelihood = likelihood_of(1.0)
    likelihood.negative_log_likelihood(mean.expand_as(target), target).mean().backward()
    assert likelihood.log_sigma.grad is not None and likelihood.log_sigma.grad > 0


def test_bits_per_dimension_are_of_levels_and_so_are_those_of_a_density() -> None:
    """Uniform levels need 8 bits. A density of 1 over the range is uniform too: log2(255) bits on bins of 1/255."""
    dimensions = 3 * 4 * 4
    levels = make_config(likelihood="discretised-logistic")
    assert bits_per_dimension(dimensions * math.log(256), levels, dimensions) == pytest.approx(8.0)
    density = make_config(likelihood="gaussian-learned")
    assert bits_per_dimension(0.0, density, dimensions) == pytest.approx(math.log2(255))
    bits = make_config(likelihood="bernoulli", binarize="dynamic")
    assert bits_per_dimension(dimensions * math.log(2), bits, dimensions) == pytest.approx(1.0)
    assert bits_per_dimension(1.0, make_config(likelihood="bernoulli"), dimensions) is None
    assert bits_per_dimension(1.0, make_config(likelihood="discretised-logistic", model="ae"), dimensions) is None
