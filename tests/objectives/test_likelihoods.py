"""Likelihoods against torch.distributions, at the ends of their ranges, and their floor and collapse lines."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal

from vae_core.data.batches import to_float
from vae_core.data.datasets import load_dataset
from vae_core.objectives import likelihoods
from vae_core.objectives.likelihoods import SIGMA_MAX, SIGMA_MIN, Likelihood, build_likelihood
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ObjectiveConfig

DENSITIES = ("gaussian", "gaussian-learned", "continuous-bernoulli")
LEVELS = "discretised-logistic"
WITH_TORCH = ("bernoulli", *DENSITIES)
"""Those that torch.distributions has too."""


def make(name: str, sigma: float = 0.5) -> Likelihood:
    return build_likelihood(ObjectiveConfig.model_validate({"likelihood": name, "sigma": sigma}))


def reference(name: str, output: Tensor, sigma: float = 0.5) -> torch.distributions.Distribution:
    if name == "bernoulli":
        return Bernoulli(logits=output, validate_args=False)
    if name == "continuous-bernoulli":
        return ContinuousBernoulli(logits=output)
    return Normal(output, sigma)


def images(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(*shape, dtype=dtype, generator=torch.Generator().manual_seed(1))


def outputs(*shape: int, scale: float = 4.0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * scale


def test_the_table_holds_every_likelihood_of_the_configuration() -> None:
    for name in LIKELIHOODS:
        assert isinstance(make(name), Likelihood)
    assert set(LIKELIHOODS) == {*WITH_TORCH, LEVELS}


@pytest.mark.parametrize("shape", [(5, 1, 28, 28), (1, 3, 7, 5), (2, 1, 1, 1)])
@pytest.mark.parametrize("name", WITH_TORCH)
def test_nats_per_image_are_those_of_torch_distributions(name: str, shape: tuple[int, ...]) -> None:
    output, target = outputs(*shape), images(*shape)
    expected = -reference(name, output).log_prob(target).flatten(1).sum(dim=1)
    # torch's continuous Bernoulli takes a series of its own near one half, good to 1e-5.
    torch.testing.assert_close(make(name).negative_log_likelihood(output, target), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_float32_is_as_good_as_float64_to_six_digits(name: str) -> None:
    output, target = outputs(4, 1, 28, 28), images(4, 1, 28, 28)
    exact = make(name).negative_log_likelihood(output, target)
    got = make(name).negative_log_likelihood(output.float(), target.float())
    torch.testing.assert_close(got.double(), exact, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("name", WITH_TORCH)
def test_the_mean_image_is_the_distributions_mean(name: str) -> None:
    output = outputs(2, 3, 4, 5)
    torch.testing.assert_close(make(name).mean_image(output), reference(name, output).mean, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_output_of_a_mean_has_that_mean(name: str) -> None:
    mean = torch.linspace(1 / 255, 254 / 255, 254).view(2, 1, 1, 127)
    likelihood = make(name)
    torch.testing.assert_close(likelihood.mean_image(likelihood.output_of(mean)), mean, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", WITH_TORCH)
def test_the_variance_of_a_mean_is_the_distributions(name: str) -> None:
    mean = torch.cat([torch.linspace(0.02, 0.98, 97), torch.tensor([0.495, 0.499, 0.501, 0.51])]).double()
    likelihood = make(name)
    output = likelihood.output_of(mean)
    if name == "continuous-bernoulli":  # torch's own is wrong by half at 0.98; the slope of the mean is the variance
        expected = (likelihood.mean_image(output + 1e-3) - likelihood.mean_image(output - 1e-3)) / 2e-3
    else:
        expected = reference(name, output).variance
    torch.testing.assert_close(likelihood.variance(mean), expected, rtol=1e-4, atol=0)


def test_the_continuous_bernoulli_of_one_half_is_ln_2_everywhere() -> None:
    """ln 2 against the Bernoulli of the same parameter; the density itself is 1, so 0 nats a pixel."""
    target, flat = images(1, 1, 4, 4), torch.zeros(1, 1, 4, 4).double()
    continuous = make("continuous-bernoulli").negative_log_likelihood(flat, target)
    bernoulli = make("bernoulli").negative_log_likelihood(flat, target)
    assert continuous.item() == pytest.approx(0.0, abs=1e-12)
    assert (bernoulli - continuous).item() / 16 == pytest.approx(0.693147, abs=1e-6)
    log_normaliser = ContinuousBernoulli(torch.tensor(0.5))._cont_bern_log_norm()
    assert log_normaliser.item() == pytest.approx(math.log(2), abs=1e-6)


@pytest.mark.parametrize("logit", [0.0, 1e-6, 1e-3, 0.1, 0.4999999, 0.5, 0.5000001, 3.0])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_continuous_bernoullis_series_meets_its_formula(logit: float, sign: int) -> None:
    """Against numerical integration of the density, which needs no series."""
    output = torch.full((1, 1), sign * logit).double()
    x = torch.linspace(0, 1, 100_001).double()
    weights = (sign * output.item() * x * sign).exp()
    log_partition = torch.trapezoid(weights, x).log().item()
    mean = (torch.trapezoid(weights * x, x) / torch.trapezoid(weights, x)).item()
    likelihood = make("continuous-bernoulli")
    nats = likelihood.negative_log_likelihood(output, torch.zeros_like(output)).item()
    assert nats == pytest.approx(log_partition, abs=1e-8)
    assert likelihood.mean_image(output).item() == pytest.approx(mean, abs=1e-8)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_gradients_are_right(name: str) -> None:
    output = torch.cat([outputs(2, 1, 3, 4), torch.zeros(1, 1, 3, 4).double(), outputs(1, 1, 3, 4, scale=0.2)])
    likelihood, target = make(name).double(), images(4, 1, 3, 4)
    parameters = tuple(likelihood.parameters())
    assert torch.autograd.gradcheck(
        lambda given, *_: likelihood.negative_log_likelihood(given, target), (output.requires_grad_(), *parameters)
    )


@pytest.mark.parametrize("name", ["bernoulli", "continuous-bernoulli"])
@pytest.mark.parametrize("logit", [-1e4, -200.0, -88.0, -30.0, 30.0, 88.0, 200.0, 1e4])
def test_extreme_logits_keep_value_and_gradient(name: str, logit: float) -> None:
    target = torch.tensor([0.0, 0.25, 1.0])
    output = torch.full((3, 1), logit, requires_grad=True)
    nats = make(name).negative_log_likelihood(output, target[:, None])
    nats.sum().backward()
    partition = max(logit, 0.0) - (math.log(abs(logit)) if name == "continuous-bernoulli" else 0.0)
    torch.testing.assert_close(nats, partition - target * logit, rtol=1e-5, atol=1e-5)
    mean = 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0
    if name == "continuous-bernoulli":
        mean = (1.0 if logit > 0 else 0.0) - 1 / logit
    assert output.grad is not None
    torch.testing.assert_close(output.grad[:, 0], mean - target, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["bernoulli", "continuous-bernoulli"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_an_output_that_is_no_number_shows_in_the_loss(name: str, bad: float) -> None:
    output = torch.zeros(1, 1, 2, 2)
    output[0, 0, 1, 1] = bad
    assert not make(name).negative_log_likelihood(output, torch.full((1, 1, 2, 2), 0.5)).isfinite().any()


def test_a_second_derivative_is_refused_rather_than_wrong() -> None:
    output = torch.zeros(1, 1, 1, 2, requires_grad=True)
    loss = make("bernoulli").negative_log_likelihood(output, torch.zeros(1, 1, 1, 2)).square().sum()
    (gradient,) = torch.autograd.grad(loss, output, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_the_target_is_left_as_it_was() -> None:
    target = images(3, 1, 4, 4, dtype=torch.float32)
    for name in LIKELIHOODS:
        output, before = torch.ones(3, 1, 4, 4, requires_grad=True), target.clone()
        make(name).negative_log_likelihood(output, target).sum().backward()
        assert torch.equal(target, before)
        assert torch.equal(output, torch.ones(3, 1, 4, 4))


def test_a_gaussian_of_sigma_1_is_half_the_squared_error_plus_its_constant() -> None:
    output, target = images(2, 1, 28, 28), torch.zeros(2, 1, 28, 28).double()
    constant = make("gaussian", sigma=1.0).negative_log_likelihood(target, target)
    assert constant.tolist() == pytest.approx([720.45] * 2, abs=0.01)
    error = 0.5 * output.square().flatten(1).sum(dim=1)
    torch.testing.assert_close(make("gaussian", sigma=1.0).negative_log_likelihood(output, target) - constant, error)


def test_a_learned_sigma_comes_to_the_root_mean_squared_error() -> None:
    target = images(20, 1, 8, 8, dtype=torch.float32)
    likelihood = make("gaussian-learned", sigma=1.0)
    assert isinstance(likelihood, likelihoods.LearnedGaussian)
    optimizer = torch.optim.Adam(likelihood.parameters(), lr=0.02)
    for _ in range(400):
        optimizer.zero_grad()
        likelihood.negative_log_likelihood(torch.full_like(target, 0.5), target).mean().backward()
        optimizer.step()
    error = (target - 0.5).square().mean().sqrt().item()
    assert likelihood.sigma == pytest.approx(error, rel=1e-3)


@pytest.mark.parametrize(("log_sigma", "expected"), [(-100.0, SIGMA_MIN), (100.0, SIGMA_MAX)])
def test_a_learned_sigma_keeps_its_range_and_can_come_back(log_sigma: float, expected: float) -> None:
    likelihood = make("gaussian-learned")
    assert isinstance(likelihood, likelihoods.LearnedGaussian)
    with torch.no_grad():
        likelihood.log_sigma.fill_(log_sigma)
    assert likelihood.sigma == pytest.approx(expected)
    likelihood.negative_log_likelihood(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)).sum().backward()
    gradient = likelihood.log_sigma.grad
    assert gradient is not None and gradient.sign().item() == (-1 if log_sigma < 0 else 1)


def byte_images() -> torch.Tensor:
    """Images of bytes with black, white and grey pixels, as real ones have them."""
    target = (images(4, 1, 6, 6) * 255).round() / 255
    target[:, :, 0], target[:, :, 1] = 0.0, 1.0
    return target


@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "gaussian-learned"])
def test_no_output_does_better_than_the_floor(name: str) -> None:
    likelihood, target = make(name), byte_images()
    floor, best = likelihood.floor(target), likelihood.output_of(target)
    assert floor is not None
    for sigma in (1e-4, 1e-3, 0.1, 1.0) if isinstance(likelihood, likelihoods.LearnedGaussian) else (None,):
        if sigma is not None:
            likelihood.log_sigma.data.fill_(math.log(sigma))
        assert (likelihood.negative_log_likelihood(best, target) >= floor - 1e-9).all()
        for scale in (1.0, 3.0, 100.0):  # more certain than a perfect reconstruction
            assert (likelihood.negative_log_likelihood(best * scale, target) >= floor - 1e-9).all()
        for index in range(20):
            away = best + torch.randn(target.shape, generator=torch.Generator().manual_seed(index)) * 0.3
            assert (likelihood.negative_log_likelihood(away, target) > floor).all()


def test_fault_2_the_continuous_bernoulli_has_no_floor() -> None:
    """At black and white pixels its density grows with the logit without end, so whatever line is drawn can be passed."""
    likelihood, target = make("continuous-bernoulli"), byte_images()
    assert likelihood.floor(target) is None
    losses = [
        likelihood.negative_log_likelihood((target - 0.5).sign() * (target * (1 - target) == 0) * size, target).mean()
        for size in (1e1, 1e3, 1e6, 1e12)
    ]
    assert all(later < earlier - 12 * 4 for earlier, later in pairwise(losses)), "12 such pixels, ln 100 each at least"


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_no_constant_image_does_better_than_the_training_mean(name: str) -> None:
    target = images(50, 1, 3, 3) ** 3
    likelihood, mean = make(name), target.mean(dim=0)
    best = likelihood.collapse(mean, target).mean()
    for index in range(20):
        other = (mean + torch.randn(mean.shape, generator=torch.Generator().manual_seed(index)) * 0.1).clamp(0.01, 0.99)
        assert likelihood.collapse(other, target).mean() > best


def test_binary_images_have_a_floor_of_exactly_0_under_the_bernoulli() -> None:
    target = images(3, 1, 28, 28, dtype=torch.float32).round()
    assert make("bernoulli").floor(target).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_images_without_variance_have_finite_lines_and_gradients(name: str, value: float) -> None:
    target = torch.full((4, 1, 5, 5), value)
    likelihood = make(name)
    floor, collapse = likelihood.floor(target), likelihood.collapse(target.mean(dim=0), target)
    assert collapse.isfinite().all() and (floor is None) is (name == "continuous-bernoulli")
    if floor is not None:
        torch.testing.assert_close(floor, collapse, rtol=1e-5, atol=1e-5)
    output = torch.zeros_like(target).requires_grad_()
    likelihood.negative_log_likelihood(output, target).mean().backward()
    assert output.grad is not None and output.grad.isfinite().all()


@pytest.mark.parametrize(
    ("dataset", "split", "floor", "collapse"),
    [
        pytest.param("mnist", "train", 45.757, 206.027, marks=pytest.mark.slow),
        ("mnist", "test", 45.534, 205.805),
        pytest.param("fashion-mnist", "train", 188.281, 384.324, marks=pytest.mark.slow),
        ("fashion-mnist", "test", 189.858, 385.018),
    ],
)
def test_floor_and_collapse_of_the_full_sets(
    full_data: Path, dataset: str, split: str, floor: float, collapse: float
) -> None:
    data, likelihood = load_dataset(dataset, full_data), make("bernoulli")
    mean = to_float(data.train_images).double().mean(dim=0).float()
    parts = to_float(data.train_images if split == "train" else data.test_images).split(5000)
    count = sum(len(part) for part in parts)
    floors = [likelihood.floor(part) for part in parts]
    total = sum(each.double().sum().item() for each in floors if each is not None)
    assert total / count == pytest.approx(floor, abs=2e-3)
    found = sum(likelihood.collapse(mean, part).double().sum().item() for part in parts) / count
    assert found == pytest.approx(collapse, abs=2e-3)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_derivatives_in_closed_form_equal_those_of_autograd(name: str) -> None:
    likelihood, output, target = make(name).double(), outputs(4, 12), images(4, 12)
    nats, by_output, by_parameters = likelihood.derivatives(output, target)
    expected_nats, expected_by_output, expected_by_parameters = Likelihood.derivatives(likelihood, output, target)
    torch.testing.assert_close(nats, likelihood.negative_log_likelihood(output, target).detach())
    torch.testing.assert_close(nats, expected_nats)
    torch.testing.assert_close(by_output, expected_by_output)
    assert len(by_parameters) == len(expected_by_parameters) == (name in ("gaussian-learned", LEVELS))
    for ours, autograd in zip(by_parameters, expected_by_parameters, strict=True):
        torch.testing.assert_close(ours.detach(), autograd)
