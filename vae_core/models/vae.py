"""The variational autoencoder, with one encoder or with two.

Kingma & Welling 2014, "Auto-Encoding Variational Bayes"; Higgins et al. 2017, "beta-VAE", has the same network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vae_core.models.autoencoder import LOG_VARIANCE_MAX, LOG_VARIANCE_MIN, Autoencoder, Posterior, bound


class Vae(Autoencoder):
    """A VAE with one encoder. Its last layer has both heads: columns 0 to L - 1 are the mean, L to 2L - 1 the log-variance."""

    def posterior(self, encoded: Tensor) -> Posterior:
        """q(z | x) from the output of both heads (B, 2L); this alone keeps the log-variance in its range."""
        mean, log_variance = encoded.chunk(2, dim=1)
        return Posterior(mean, bound(log_variance, LOG_VARIANCE_MIN, LOG_VARIANCE_MAX))


class SeparateVae(Vae):
    """A VAE with two encoders: `encoder` gives the mean and `log_variance_encoder` the log-variance, each (B, L)."""

    def __init__(
        self, encoder: nn.Sequential, log_variance_encoder: nn.Sequential, decoder: nn.Sequential, latent: int
    ) -> None:
        super().__init__(encoder, decoder, latent)
        self.log_variance_encoder = log_variance_encoder

    def encoders(self) -> list[nn.Sequential]:
        """Both of them."""
        return [self.encoder, self.log_variance_encoder]

    def encode(self, images: Tensor) -> Posterior:
        """q(z | x) of images (B, C, H, W) in [0, 1]."""
        return self.posterior(torch.cat([self.encoder(images), self.log_variance_encoder(images)], dim=1))
