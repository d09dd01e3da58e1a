"""Active units, PCA, the collapse of a code, and neighbours, where the answer is known."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vae_core.data.batches import to_float
from vae_core.data.datasets import load_dataset
from vae_core.data.randomness import Stream, generator
from vae_core.errors import ConfigError, DataError
from vae_core.metrics.elbo import evaluate
from vae_core.metrics.latents import MAX_WIDTH, Pca, active_units, collapse_beta, label_neighbours
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.build import build_model
from vae_core.objectives.likelihoods import Likelihood, build_likelihood
from vae_core.objectives.objective import Objective
from vae_core.settings import ModelConfig, ObjectiveConfig


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_units_are_active_where_their_mean_varies_by_more_than_a_hundredth() -> None:
    signs = torch.tensor([1.0, -1.0]).repeat(50)[:, None]
    assert active_units(signs * torch.tensor([1.0, 0.101, 0.099, 0.0]) + 7) == 2
    assert active_units(torch.ones(1, 3)) == 0


def test_pca_finds_the_directions_of_the_largest_variance() -> None:
    axes = torch.linalg.qr(draw(5, 5).double()).Q
    scales = torch.tensor([5.0, 3.0, 1.0, 0.5, 0.1]).double()
    rows = (draw(20_000, 5, seed=1).double() * scales) @ axes.T + 2
    pca = Pca.fit(rows, 3)
    torch.testing.assert_close(pca.components @ pca.components.T, torch.eye(3).double())
    torch.testing.assert_close((pca.components @ axes[:, :3]).abs(), torch.eye(3).double(), atol=0.02, rtol=0)
    torch.testing.assert_close(pca.variances, scales[:3] ** 2, rtol=0.05, atol=0)
    torch.testing.assert_close(pca.project(rows).var(dim=0, correction=0), pca.variances)
    assert pca.mse(rows) == pytest.approx((0.25 + 0.01) / 5, rel=0.05)


def test_pca_of_all_components_loses_nothing_and_of_flat_rows_neither() -> None:
    rows = draw(1001, 4)
    assert Pca.fit(rows, 4).mse(rows) < 1e-12
    flat = torch.full((10, 4), 0.5)
    assert Pca.fit(flat, 2).mse(flat) == 0.0
    torch.testing.assert_close(Pca.fit(flat, 2).reconstruct(torch.zeros(1, 2)), flat[:1].double())


def test_pca_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ConfigError, match="1 to 4 components here, not 5"):
        Pca.fit(draw(10, 4), 5)
    with pytest.raises(DataError, match="at least one"):
        Pca.fit(draw(0, 4), 2)
    with pytest.raises(DataError, match="smaller images"):
        Pca.fit(draw(2, MAX_WIDTH + 1), 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("mnist", {2: 0.05567, 10: 0.03407, 32: 0.01683}),
        ("fashion-mnist", {2: 0.04610, 10: 0.02435}),
    ],
)
def test_pca_of_the_full_sets_has_its_known_error(full_data: Path, dataset: str, expected: dict[int, float]) -> None:
    data = load_dataset(dataset, full_data)
    train, test = (to_float(images).flatten(1) for images in (data.train_images, data.test_images))
    whole = Pca.fit(train, max(expected))
    for count, error in expected.items():
        pca = Pca(whole.mean, whole.components[:count], whole.variances[:count])
        assert pca.mse(test) == pytest.approx(error, abs=6e-6), count


def train(model: Autoencoder, likelihood: Likelihood, images: Tensor, beta: float, steps: int, lr: float) -> None:
    """Whole-batch Adam, its steps shrinking towards the end."""
    objective = Objective(ObjectiveConfig(beta=beta), 1)
    optimizer = torch.optim.Adam([*model.parameters(), *likelihood.parameters()], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    pixels = to_float(images)
    for step in range(steps):
        posterior = model.encode(pixels)
        output = model.decode(posterior.sample(generator(0, Stream.EPSILON, step)))
        optimizer.zero_grad()
        objective.loss(objective.terms(likelihood, output, pixels, posterior), step).backward()
        optimizer.step()
        schedule.step()


def likelihood_of(name: str, sigma: float = 1.0) -> Likelihood:
    return build_likelihood(ObjectiveConfig.model_validate({"likelihood": name, "sigma": sigma}))


@pytest.mark.slow
def test_a_linear_autoencoder_comes_to_pca_and_one_with_hidden_layers_does_better() -> None:
    images = load_dataset("mnist-sample").train_images[:500, :, 9:19, 9:19]
    errors = {}
    for hidden in ((), (64,)):
        model = build_model(ModelConfig(model="ae", hidden=hidden, latent=5), (1, 10, 10), 0)
        train(model, likelihood_of("gaussian", 0.2), images, 1.0, 1000, 3e-2)
        errors[hidden] = evaluate(model, likelihood_of("gaussian", 0.2), images, seed=0).mse_per_pixel
    rows = to_float(images).flatten(1)
    linear = Pca.fit(rows, 5).mse(rows)
    assert errors[()] == pytest.approx(linear, rel=1e-3)
    assert errors[()] >= linear
    assert errors[64,] < 0.9 * linear


def stripes(count: int = 400) -> Tensor:
    """Images of 1 x 6 whose pixels move together, with a little of their own."""
    together = draw(count, 1).mul(35) * torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0, 0.3])
    pixels = torch.tensor([80.0, 128.0, 180.0, 100.0, 150.0, 60.0]) + together + draw(count, 6, seed=1) * 6
    return pixels.round().clamp(1, 254).to(torch.uint8).view(count, 1, 1, 6)


def test_the_thresholds_are_eigenvalues_of_the_data_in_units_of_the_likelihood() -> None:
    images = stripes()
    rows = to_float(images).flatten(1).double()
    covariance, mean = torch.cov(rows.T, correction=0), rows.mean(dim=0)
    gaussian = collapse_beta(images, likelihood_of("gaussian", 0.1))
    torch.testing.assert_close(gaussian, torch.linalg.eigvalsh(covariance).flip(0) / 0.01, rtol=1e-6, atol=0)
    spread = torch.diag((mean * (1 - mean)).rsqrt())
    bernoulli = collapse_beta(images, likelihood_of("bernoulli"))
    torch.testing.assert_close(bernoulli, torch.linalg.eigvalsh(spread @ covariance @ spread).flip(0))
    assert (gaussian.diff() <= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "continuous-bernoulli"])
def test_a_linear_code_collapses_above_the_threshold_and_not_below(name: str) -> None:
    images, likelihood = stripes(), likelihood_of(name, 0.2)
    threshold = collapse_beta(images, likelihood)[0].item()
    kl = {}
    for factor in (0.75, 1.3):
        model = build_model(ModelConfig(hidden=(), latent=1), (1, 1, 6), 0)
        train(model, likelihood, images, factor * threshold, 1500, 3e-2)
        kl[factor] = evaluate(model, likelihood, images, seed=0).kl_nats
    assert kl[1.3] == pytest.approx(0.0, abs=0.003)
    # The linear model's posterior has the variance beta / threshold, and so this KL; others bend a little.
    assert kl[0.75] == pytest.approx(0.5 * math.log(1 / 0.75), rel=0.02 if name == "gaussian" else 0.3)


def test_pixels_that_never_change_have_no_threshold() -> None:
    images = stripes()
    images[..., 0], images[..., 5] = 0, 255
    found = collapse_beta(images, likelihood_of("bernoulli"))
    assert found.isfinite().all()
    torch.testing.assert_close(found[:4], collapse_beta(images[..., 1:5], likelihood_of("bernoulli")))
    for name in ("bernoulli", "gaussian", "gaussian-learned", "continuous-bernoulli"):
        flat = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
        assert collapse_beta(flat, likelihood_of(name)).tolist() == [0.0] * 4


def test_neighbours_are_counted_without_the_code_itself() -> None:
    line = torch.arange(10.0)[:, None]
    alternating = torch.arange(10) % 2
    assert label_neighbours(line, torch.zeros(10, dtype=torch.int64)) == 1.0
    assert label_neighbours(line, torch.arange(10)) == 0.0
    # Of an inner code the two nearest are of the other label; of the ends one is.
    assert label_neighbours(line, alternating, k=2) == pytest.approx(2 / 20)


def test_neighbours_of_tight_clusters_far_from_the_origin_share_their_label() -> None:
    labels = torch.arange(2500) % 5
    codes = 1000.0 + labels[:, None] + 0.02 * draw(2500, 2)
    assert label_neighbours(codes, labels) == 1.0
    assert label_neighbours(draw(2500, 2), labels) == pytest.approx(0.2, abs=0.03)


def test_too_few_codes_have_no_neighbours() -> None:
    with pytest.raises(DataError, match="more than 5 images, not 5"):
        label_neighbours(draw(5, 2), torch.zeros(5))
