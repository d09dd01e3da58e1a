"""On sprites, where what there is to know is known, beta trades the rate against the distortion."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vae_core.config import make_config
from vae_core.data import datasets
from vae_core.metrics.elbo import evaluate
from vae_core.training.loop import Trainer, train

BETAS = (1.0, 4.0)


@pytest.mark.slow
def test_a_larger_beta_gives_a_smaller_rate_and_a_larger_distortion_in_every_seed() -> None:
    dataset = datasets.load_dataset("sprites-28-4000")
    shared = {"dataset": dataset.name, "latent": 6, "hidden": "64", "epochs": 4, "lr": 2e-3, "device": "cpu"}
    for seed in (0, 1, 2):
        found = []
        for beta in BETAS:
            trainer = Trainer(make_config(beta=beta, seed=seed, **shared), dataset)
            for _ in train(trainer):
                pass
            found.append(evaluate(trainer.model, trainer.likelihood, dataset.test_images, seed=seed))
        rates, distortions = [one.kl_nats or 0.0 for one in found], [one.reconstruction_nats for one in found]
        assert rates == sorted(rates, reverse=True) and min(a - b for a, b in pairwise(rates)) > 1
        assert distortions == sorted(distortions)
        assert min(b - a for a, b in pairwise(distortions)) > 1
