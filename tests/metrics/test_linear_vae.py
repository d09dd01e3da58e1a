"""The linear VAE's theory: known answers, and what trained models do."""

from __future__ import annotations

import json
import math

import pytest
import torch

from tools.examples import LINEAR_EPOCHS
from vae_core.data.batches import to_float
from vae_core.data.datasets import Dataset, load_dataset
from vae_core.errors import ConfigError
from vae_core.evaluation.trained import load_trained
from vae_core.metrics.elbo import evaluate
from vae_core.metrics.latents import Pca, collapse_beta
from vae_core.metrics.linear_vae import LinearVae
from vae_core.objectives.likelihoods import Gaussian
from vae_core.storage import paths
from vae_core.storage.runs import open_run


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_dataset("mnist-sample")


@pytest.fixture(scope="module")
def theory(data: Dataset) -> LinearVae:
    return LinearVae(Pca.fit(data.train_images.flatten(1), 20))


def made(variances: list[float], sigma: float = 1.0) -> LinearVae:
    size = len(variances)
    pca = Pca(torch.zeros(size).double(), torch.eye(size).double(), torch.tensor(variances).double())
    return LinearVae(pca, sigma)


def test_a_dimension_lives_while_its_variance_exceeds_beta_times_that_of_the_likelihood() -> None:
    linear = made([8.0, 2.0, 0.5], sigma=2.0)
    assert linear.thresholds().tolist() == [2.0, 0.5, 0.125]
    assert [linear.kept(beta) for beta in (0.0, 0.1, 0.125, 0.4, 1.0, 2.0, 9.0)] == [3, 3, 2, 2, 1, 0, 0]


def test_rate_and_distortion_are_those_of_reverse_water_filling() -> None:
    """On a Gaussian source with variances 4 and 1 and the level 1/2: rates ln(8)/2 and ln(2)/2."""
    linear = made([4.0, 1.0])
    assert linear.kl_per_dimension(0.5).tolist() == pytest.approx([0.5 * math.log(8), 0.5 * math.log(2)])
    assert linear.kl_per_dimension(2.0).tolist() == pytest.approx([0.5 * math.log(2), 0.0])
    # a sampled code leaves the water level behind in each direction: (1 - s)^2 lambda + s (1 - s) lambda = beta
    kept, variances = linear.shrinkage(0.5), torch.tensor([4.0, 1.0]).double()
    assert ((1 - kept) ** 2 * variances + kept * (1 - kept) * variances).tolist() == pytest.approx([0.5, 0.5])


def test_beta_0_is_pca_and_a_large_one_the_mean_image(data: Dataset, theory: LinearVae) -> None:
    rows = to_float(data.test_images[:50]).flatten(1)
    torch.testing.assert_close(theory.reconstruct(rows, 0.0), theory.pca.reconstruct(theory.pca.project(rows)))
    collapsed = theory.reconstruct(rows, float(theory.thresholds()[0]) + 0.01)
    torch.testing.assert_close(collapsed, theory.pca.mean.expand_as(collapsed))


def test_thresholds_are_those_of_collapse_beta(data: Dataset, theory: LinearVae) -> None:
    expected = collapse_beta(data.train_images, Gaussian(1.0))[:20]
    torch.testing.assert_close(theory.thresholds(), expected)


@pytest.mark.parametrize("beta", [-1.0, math.inf, math.nan])
def test_a_beta_that_is_none_is_refused(beta: float) -> None:
    with pytest.raises(ConfigError, match="beta must be"):
        made([1.0]).kept(beta)


def test_the_rate_has_no_bound_at_beta_0() -> None:
    with pytest.raises(ConfigError, match="above 0"):
        made([1.0]).kl_per_dimension(0.0)


@pytest.mark.parametrize("beta", list(LINEAR_EPOCHS))
def test_gradient_descent_comes_to_the_prediction(data: Dataset, theory: LinearVae, beta: float) -> None:
    run = open_run(paths.SHIPPED_RUNS, f"learn-linear-vae-beta-{f'{beta:g}'.replace('.', '-')}")
    trained = load_trained(run)
    found = evaluate(trained.model, trained.likelihood, data.test_images, seed=0)
    assert found.kl_per_dimension is not None and found.kl_nats is not None
    assert found.mse_per_pixel == pytest.approx(theory.mse(to_float(data.test_images).flatten(1), beta), rel=0.02)
    assert found.kl_nats == pytest.approx(float(theory.kl_per_dimension(beta).sum()), abs=0.15)
    recorded = json.loads((run.folder / "evaluation.json").read_text())["splits"]["mnist-sample"]
    assert found.kl_nats == pytest.approx(recorded["kl_nats"], rel=1e-4)
