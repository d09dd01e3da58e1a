"""Figures of a split against hand-made ones, and the importance-weighted likelihood where the truth is known."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence

from vae_core.data.batches import binarize_split, to_float
from vae_core.data.datasets import load_dataset
from vae_core.data.randomness import Stream, generator
from vae_core.errors import ConfigError, DataError
from vae_core.metrics.elbo import evaluate, iw_nll, iw_nlls
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.build import build_model
from vae_core.objectives.likelihoods import Likelihood, build_likelihood
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ModelConfig, ObjectiveConfig


def model_of(shape: tuple[int, int, int] = (1, 28, 28), **values: object) -> Autoencoder:
    return build_model(ModelConfig.model_validate({"latent": 3, **values}), shape, 0)


def likelihood_of(name: str = "bernoulli", sigma: float = 1.0) -> Likelihood:
    return build_likelihood(ObjectiveConfig.model_validate({"likelihood": name, "sigma": sigma}))


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return load_dataset("mnist-sample").test_images[:65]


def spread_out(model: Autoencoder) -> Autoencoder:
    """Larger weights, so that codes and samples matter to every figure."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)
    return model


def test_every_figure_is_the_mean_over_images_of_its_definition(digits: Tensor) -> None:
    model = spread_out(model_of())
    found = evaluate(model, likelihood_of(), digits, seed=4)
    pixels = to_float(digits)
    posterior = model.encode(pixels)
    assert posterior.log_variance is not None
    epsilon = torch.randn(65, 3, generator=generator(4, Stream.EVALUATION, 0))
    code = Normal(posterior.mean, (posterior.log_variance / 2).exp())
    output = model.decode(posterior.mean + code.stddev * epsilon)
    nats = -Bernoulli(logits=output, validate_args=False).log_prob(pixels).sum(dim=(1, 2, 3))
    kl = kl_divergence(code, Normal(0.0, 1.0)).mean(dim=0)
    best = -Bernoulli(pixels, validate_args=False).log_prob(pixels).sum(dim=(1, 2, 3))
    error = (model.decode(posterior.mean).sigmoid() - pixels).square().mean()
    assert found.images == 65
    assert found.reconstruction_nats == pytest.approx(nats.mean().item(), rel=1e-5)
    assert found.kl_per_dimension == pytest.approx(kl.tolist(), rel=1e-5)
    assert found.kl_nats == pytest.approx(kl.sum().item(), rel=1e-5)
    assert found.negative_elbo_nats == pytest.approx((nats.mean() + kl.sum()).item(), rel=1e-5)
    assert found.floor_nats == pytest.approx(best.mean().item(), rel=1e-4)
    assert found.mse_per_pixel == pytest.approx(error.item(), rel=1e-5)
    assert found.active_units == int((posterior.mean.var(dim=0, correction=0) > 0.01).sum()) == 3


def test_an_autoencoder_has_no_kl_and_its_reconstruction_is_its_objective(digits: Tensor) -> None:
    found = evaluate(model_of(model="ae"), likelihood_of(), digits, seed=0)
    assert found.kl_nats is None and found.kl_per_dimension is None and found.active_units is None
    assert found.floor_nats is not None
    assert found.negative_elbo_nats == found.reconstruction_nats > found.floor_nats


@pytest.mark.parametrize("batch_size", [1, 8, 64, 65, 500])
def test_the_batch_size_changes_nothing(digits: Tensor, batch_size: int) -> None:
    """64 leaves a last batch of one image; the draws of an image do not depend on its batch."""
    model, likelihood = spread_out(model_of()), likelihood_of()
    reference = evaluate(model, likelihood, digits, seed=1, batch_size=13)
    found = evaluate(model, likelihood, digits, seed=1, batch_size=batch_size)
    for name, value in asdict(reference).items():
        assert asdict(found)[name] == pytest.approx(value, rel=1e-5, abs=1e-6), name


def test_duplicated_images_leave_the_means_as_they_were(digits: Tensor) -> None:
    model, likelihood = model_of(model="ae"), likelihood_of()
    once, twice = (evaluate(model, likelihood, rows, seed=0) for rows in (digits, digits.repeat(2, 1, 1, 1)))
    assert twice.images == 2 * once.images
    assert twice.reconstruction_nats == pytest.approx(once.reconstruction_nats, rel=1e-6)
    assert twice.mse_per_pixel == pytest.approx(once.mse_per_pixel, rel=1e-6)


def test_binarised_images_have_a_floor_of_0_and_grey_ones_have_not(digits: Tensor) -> None:
    model, likelihood = model_of(model="ae"), likelihood_of()
    assert evaluate(model, likelihood, binarize_split(digits, "dynamic", 0), seed=0).floor_nats == 0.0
    grey = evaluate(model, likelihood, digits, seed=0).floor_nats
    assert grey is not None and grey > 10


def test_fault_2_a_continuous_bernoulli_is_given_no_floor(digits: Tensor) -> None:
    likelihood = build_likelihood(ObjectiveConfig(likelihood="continuous-bernoulli"))
    found = evaluate(model_of(model="ae"), likelihood, digits, seed=0)
    assert found.floor_nats is None and math.isfinite(found.reconstruction_nats)


def test_the_seed_draws_the_samples_but_the_squared_error_needs_none(digits: Tensor) -> None:
    model, likelihood = spread_out(model_of()), likelihood_of()
    first, other = (evaluate(model, likelihood, digits, seed=seed) for seed in (0, 1))
    assert first.reconstruction_nats != other.reconstruction_nats
    assert (first.kl_nats, first.mse_per_pixel) == (other.kl_nats, other.mse_per_pixel)


def test_evaluation_leaves_no_trace(digits: Tensor) -> None:
    model, likelihood = model_of(), likelihood_of("gaussian-learned")
    before = [value.clone() for module in (model, likelihood) for value in module.state_dict().values()]
    state = torch.get_rng_state()
    evaluate(model, likelihood, digits, seed=0)
    iw_nll(model, likelihood, digits, 2, 0)
    assert torch.equal(state, torch.get_rng_state())
    assert model.training and likelihood.training and torch.is_grad_enabled()
    after = [value for module in (model, likelihood) for value in module.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(weight.grad is None for weight in (*model.parameters(), *likelihood.parameters()))


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_images_without_variance_have_finite_figures(name: str, value: int) -> None:
    flat = torch.full((3, 1, 5, 4), value, dtype=torch.uint8)
    model, likelihood = model_of((1, 5, 4)), likelihood_of(name)
    found = evaluate(model, likelihood, flat, seed=0)
    figures = [found.reconstruction_nats, found.kl_nats, found.mse_per_pixel]
    figures += [found.floor_nats] if name != "continuous-bernoulli" else []
    assert all(figure is not None and math.isfinite(figure) for figure in figures)
    assert found.active_units == 0
    assert math.isfinite(iw_nll(model, likelihood, flat, 3, 0))


def test_one_image_can_be_evaluated_and_none_is_refused(digits: Tensor) -> None:
    assert evaluate(model_of(), likelihood_of(), digits[:1], seed=0).images == 1
    with pytest.raises(DataError, match="at least one"):
        evaluate(model_of(), likelihood_of(), digits[:0], seed=0)
    with pytest.raises(DataError, match="at least one"):
        iw_nll(model_of(), likelihood_of(), digits[:0], 1, 0)


SIGMA = 0.3
LOADINGS = torch.tensor([[0.5, 0.2], [0.5, -0.2], [0.1, 0.5], [-0.1, 0.5]])
"""Orthogonal columns, so that the true posterior is diagonal."""
OFFSET = torch.tensor([0.5, 0.4, 0.6, 0.5])


def linear_gaussian(*, exact: bool) -> tuple[Autoencoder, Likelihood]:
    """x = W z + b + sigma noise, with the true posterior as its encoder, or one of too large a variance."""
    model = model_of((1, 2, 2), hidden=(), latent=2)
    variance = 1 / (1 + LOADINGS.square().sum(dim=0) / SIGMA**2)
    to_mean = variance[:, None] * LOADINGS.T / SIGMA**2
    encoder, decoder = model.encoder[-1], model.decoder[0]
    with torch.no_grad():
        decoder.weight.copy_(LOADINGS)
        decoder.bias.copy_(OFFSET)
        encoder.weight.zero_()[:2] = to_mean
        encoder.bias[:2] = -to_mean @ OFFSET
        encoder.bias[2:] = variance.log() if exact else variance.log() + 1
    return model, likelihood_of("gaussian", SIGMA)


@pytest.fixture(scope="module")
def patches() -> Tensor:
    return torch.randint(0, 256, (200, 1, 2, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def truth(patches: Tensor) -> float:
    covariance = LOADINGS @ LOADINGS.T + SIGMA**2 * torch.eye(4)
    return -MultivariateNormal(OFFSET, covariance).log_prob(to_float(patches).flatten(1)).mean().item()


@pytest.mark.parametrize("samples", [1, 2, 7])
def test_with_the_true_posterior_the_likelihood_is_exact(patches: Tensor, truth: float, samples: int) -> None:
    assert iw_nll(*linear_gaussian(exact=True), patches, samples, 0) == pytest.approx(truth, abs=1e-5)


def test_with_the_true_posterior_the_elbo_is_the_likelihood_up_to_its_sample(patches: Tensor, truth: float) -> None:
    many = patches.repeat(100, 1, 1, 1)
    assert evaluate(*linear_gaussian(exact=True), many, seed=0).negative_elbo_nats == pytest.approx(truth, abs=0.03)


def test_more_samples_come_down_from_the_elbo_to_the_likelihood(patches: Tensor, truth: float) -> None:
    model, likelihood = linear_gaussian(exact=False)
    many = patches.repeat(20, 1, 1, 1)
    one = iw_nll(model, likelihood, many, 1, 0)
    elbo = evaluate(model, likelihood, many, seed=0).negative_elbo_nats
    assert one == pytest.approx(elbo, abs=0.05)
    found = [one, *(iw_nll(model, likelihood, many, samples, 0) for samples in (4, 30))]
    assert found[0] > found[1] + 0.1 > found[2] + 0.1 > truth
    assert iw_nll(model, likelihood, patches, 3000, 0) == pytest.approx(truth, abs=0.01)


def test_5_samples_from_the_code_of_a_damaged_image_still_bound_the_clean_ones_likelihood(
    patches: Tensor, truth: float
) -> None:
    model, likelihood = linear_gaussian(exact=False)
    noise = torch.randint(-90, 91, patches.shape, generator=torch.Generator().manual_seed(1))
    damaged = (patches.int() + noise).clamp(0, 255).to(torch.uint8)
    many, seen = patches.repeat(20, 1, 1, 1), damaged.repeat(20, 1, 1, 1)
    one = iw_nll(model, likelihood, many, 1, 0, inputs=seen)
    assert one == pytest.approx(evaluate(model, likelihood, many, seed=0, inputs=seen).negative_elbo_nats, abs=0.05)
    assert one > iw_nll(model, likelihood, many, 1, 0) + 0.05 > truth
    assert iw_nll(model, likelihood, patches, 3000, 0, inputs=damaged) == pytest.approx(truth, abs=0.01)


def test_the_bounds_of_single_images_average_to_the_figure_and_progress_is_told(patches: Tensor) -> None:
    model, likelihood = linear_gaussian(exact=False)
    told: list[float] = []
    found = iw_nlls(model, likelihood, patches, 4, 0, progress=lambda _, share: told.append(share))
    assert found.shape == (200,) and found.dtype == torch.float64 and found.std() > 0
    assert found.mean().item() == iw_nll(model, likelihood, patches, 4, 0)
    assert told == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("noise", [5, 40, 200])
def test_fault_5_the_figures_of_damaged_images_bound_the_likelihood_of_the_clean_ones(
    patches: Tensor, truth: float, noise: int
) -> None:
    """Im et al. 2017: whatever the encoder sees, reconstruction + KL stays above -log p(clean), and weighting lowers it."""
    many = patches.repeat(20, 1, 1, 1)
    shift = torch.randint(-noise, noise + 1, many.shape, generator=torch.Generator().manual_seed(1))
    damaged = (many.int() + shift).clamp(0, 255).to(torch.uint8)
    model, likelihood = linear_gaussian(exact=True)
    found = evaluate(model, likelihood, many, seed=0, inputs=damaged).negative_elbo_nats
    assert found > truth + 0.005
    one = iw_nll(model, likelihood, many, 1, 0, inputs=damaged)
    assert one == pytest.approx(found, rel=0.05), "one sample estimates the same bound, of the same input"
    assert truth - 0.01 < iw_nll(model, likelihood, many, 50, 0, inputs=damaged) < found


@pytest.mark.parametrize("samples", [1, 3, 10])
def test_just_as_many_samples_are_drawn_as_asked_for(patches: Tensor, samples: int) -> None:
    model, likelihood = linear_gaussian(exact=False)
    pixels = to_float(patches)
    posterior = model.encode(pixels)
    assert posterior.log_variance is not None
    q = Normal(posterior.mean, (posterior.log_variance / 2).exp())
    weights = []
    for sample in range(samples):
        code = posterior.at(torch.randn(200, 2, generator=generator(5, Stream.EVALUATION, sample)))
        log_joint = Normal(0.0, 1.0).log_prob(code).sum(dim=1) - likelihood.negative_log_likelihood(
            model.decode(code), pixels
        )
        weights.append(log_joint - q.log_prob(code).sum(dim=1))
    expected = math.log(samples) - torch.stack(weights).logsumexp(dim=0).mean().item()
    assert iw_nll(model, likelihood, patches, samples, 5) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 199, 200])
def test_the_batch_size_changes_no_importance_weight(patches: Tensor, batch_size: int) -> None:
    model, likelihood = linear_gaussian(exact=False)
    reference = iw_nll(model, likelihood, patches, 3, 0)
    assert iw_nll(model, likelihood, patches, 3, 0, batch_size=batch_size) == pytest.approx(reference, abs=1e-5)


def test_importance_sampling_refuses_what_it_cannot_do(digits: Tensor) -> None:
    with pytest.raises(ConfigError, match="needs a VAE"):
        iw_nll(model_of(model="ae"), likelihood_of(), digits, 1, 0)
    with pytest.raises(ConfigError, match="at least 1, not 0"):
        iw_nll(model_of(), likelihood_of(), digits, 0, 0)


def test_the_floor_of_the_full_test_set(full_data: Path) -> None:
    images = load_dataset("mnist", full_data).test_images
    found = evaluate(model_of(model="ae"), likelihood_of(), images, seed=0)
    assert found.images == 10_000
    assert found.floor_nats == pytest.approx(45.534, abs=2e-3)
