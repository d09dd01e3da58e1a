"""Whole trainings against figures that anyone can check: the original text's log, the reference VAE, and PCA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from vae_core.config import make_config
from vae_core.data import datasets
from vae_core.data.datasets import Dataset
from vae_core.evaluation.trained import evaluate_run
from vae_core.metrics.elbo import evaluate
from vae_core.presets import PRESETS
from vae_core.storage.runs import Run
from vae_core.training.driver import Driver
from vae_core.training.loop import Stepped, Trainer, train

REFERENCE: dict[str, Any] = {"dataset": "mnist", "latent": 20, "hidden": "400"}


@pytest.mark.slow
def test_the_original_autoencoder_has_the_log_that_the_text_prints(full_data: Path) -> None:
    """The text's loss is the mean over pixels: .6947 at the first batch, .284 at batch 31, about .23 at batch 200."""
    config = PRESETS["Original autoencoder"].config("mnist-sample")
    trainer = Trainer(config, datasets.load_dataset("mnist", full_data))
    per_pixel = []
    for event in train(trainer):
        if isinstance(event, Stepped):
            assert event.record is not None
            per_pixel.append(event.record["loss"] / 784)
        if trainer.step == 200:
            break
    assert per_pixel[0] == pytest.approx(0.6947, abs=0.003)
    assert per_pixel[30] == pytest.approx(0.284, abs=0.02)
    assert sum(per_pixel[190:200]) / 10 == pytest.approx(0.23, abs=0.015)


def trained(new_run: Callable[..., Run], full_data: Path, epochs: int) -> dict[str, Any]:
    run = new_run("reference", make_config(**REFERENCE, epochs=epochs))
    assert Driver(run, data_dir=full_data).drive().state == "done"
    return evaluate_run(run, data_dir=full_data)


@pytest.mark.slow
def test_the_reference_vae_after_one_epoch(new_run: Callable[..., Run], full_data: Path) -> None:
    """784-400-20 of the PyTorch examples: 127.3 nats on the test split."""
    found = trained(new_run, full_data, 1)
    assert found["images"] == 10_000
    assert found["negative_elbo_nats"] == pytest.approx(127.3, abs=1.2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_reference_vae_after_ten_epochs(new_run: Callable[..., Run], full_data: Path) -> None:
    """The same after ten: 105.6 nats."""
    assert trained(new_run, full_data, 10)["negative_elbo_nats"] == pytest.approx(105.6, abs=0.8)


@pytest.mark.slow
@pytest.mark.parametrize("latent", [2, 10])
def test_a_linear_autoencoder_comes_to_pca(latent: int, sample: Dataset) -> None:
    """Baldi & Hornik 1989: without hidden layers the least squared error is that of the principal components."""
    settings: dict[str, Any] = {"model": "ae", "likelihood": "gaussian", "hidden": "none", "latent": latent}
    trainer = Trainer(make_config(**settings, epochs=50, lr=2e-3), sample)
    for _ in train(trainer):
        pass
    found = evaluate(trainer.model, trainer.likelihood, sample.test_images, seed=0)
    assert found.mse_per_pixel == pytest.approx(pca_error(sample, latent), rel=0.02)


def pca_error(dataset: Dataset, components: int) -> float:
    """Squared error per pixel of the test images, by the principal components of the training images."""
    train_images, test_images = (part.flatten(1).double() / 255 for part in (dataset.train_images, dataset.test_images))
    mean = train_images.mean(dim=0)
    _, vectors = torch.linalg.eigh(torch.cov((train_images - mean).T))
    basis = vectors[:, -components:]
    centred = test_images - mean
    return float((centred - centred @ basis @ basis.T).square().mean())


@pytest.mark.slow
def test_an_autoencoder_is_better_than_pca(sample: Dataset) -> None:
    trainer = Trainer(make_config(model="ae", epochs=10), sample)
    for _ in train(trainer):
        pass
    found = evaluate(trainer.model, trainer.likelihood, sample.test_images, seed=0)
    assert found.mse_per_pixel < 0.95 * pca_error(sample, 2)
