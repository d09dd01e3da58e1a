"""The variational autoencoder, with one encoder or with two.

Kingma & Welling 2014, "Auto-Encoding Variational Bayes"; Higgins et al. 2017, "beta-VAE", has the same network.
"""

from __future__ import annotations

from torch import Tensor, nn

from vae_core.models.autoencoder import LOG_VARIANCE_MAX, LOG_VARIANCE_MIN, Autoencoder, Posterior, bound


class Vae(Autoencoder):
    """One encoder whose last layer holds both heads: columns 0 to L - 1 are the mean, L to 2L - 1 the log-variance."""

    def encode(self, images: Tensor) -> Posterior:
        """q(z | x) of images (B, C, H, W) in [0, 1]."""
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        return _posterior(mean, log_variance)


class SeparateVae(Autoencoder):
    """Two whole networks: `encoder` gives the mean and `log_variance_encoder` the log-variance, each (B, L)."""

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
        return _posterior(self.encoder(images), self.log_variance_encoder(images))


def _posterior(mean: Tensor, raw_log_variance: Tensor) -> Posterior:
    """The one place where a log-variance is kept in its range."""
    return Posterior(mean, bound(raw_log_variance, LOG_VARIANCE_MIN, LOG_VARIANCE_MAX))
