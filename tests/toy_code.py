"""The code that the toys' rows name."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vae_core.models.autoencoder import Autoencoder
from vae_core.models.build import vae
from vae_core.models.networks import ImageShape
from vae_core.models.vae import Vae
from vae_core.objectives.likelihoods import Bernoulli
from vae_core.objectives.objective import Weights
from vae_core.settings import ModelConfig


class ToyLikelihood(Bernoulli):
    """Counts every nat twice."""

    def negative_log_likelihood(self, output: Tensor, target: Tensor) -> Tensor:
        return 2 * super().negative_log_likelihood(output, target)


def toy_corruption(images: Tensor, levels: Tensor, _draw: torch.Generator) -> Tensor:
    """Darkens."""
    return images * (1 - levels[:, None, None, None])


class ToyModel(Vae):
    """A VAE by another name."""


def toy_model(config: ModelConfig, shape: ImageShape) -> Autoencoder:
    built = vae(config, shape)
    return ToyModel(built.encoder, built.decoder, built.latent)


def toy_loss(reconstruction: Any, kl: Any, weights: Weights) -> Any:
    """Charges the square of the KL."""
    return reconstruction + weights.beta * kl * kl
