"""The linear VAE, whose optimum is known: which dimensions of the code live at which beta, and what they carry.

With a Gaussian likelihood of standard deviation sigma and linear encoder and decoder the best beta-VAE is probabilistic
PCA with a noise variance of beta sigma^2: Tipping & Bishop 1999, "Probabilistic Principal Component Analysis", sec. 3.2;
Lucas et al. 2019, "Don't Blame the ELBO!", sec. 4. A direction of the data with variance lambda is kept while lambda is
above beta sigma^2. Its KL is then ln(lambda / (beta sigma^2)) / 2, which is also the rate that reverse water-filling
gives it: Cover & Thomas 2006, "Elements of Information Theory", sec. 10.3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.errors import ConfigError
from vae_core.metrics.latents import Pca


@dataclass(frozen=True, eq=False)
class LinearVae:
    """The optimum for one dataset.

    Attributes:
        pca: of the training images, as many components as the code has dimensions.
        sigma: of the Gaussian likelihood, in the pixel range 0 to 1.
    """

    pca: Pca
    sigma: float = 1.0

    def thresholds(self) -> Tensor:
        """The betas beyond which a dimension collapses, the largest first: (L,) float64."""
        return self.pca.variances / self.sigma**2

    def kept(self, beta: float) -> int:
        """How many dimensions live at a beta of 0 or more."""
        _check(beta)
        return int((self.thresholds() > beta).sum())

    def kl_per_dimension(self, beta: float) -> Tensor:
        """Nats per image of each dimension at a beta above 0, the largest first: (L,) float64."""
        _check(beta, least=1e-12)
        return 0.5 * (self.thresholds() / beta).clamp(min=1.0).log()

    def shrinkage(self, beta: float) -> Tensor:
        """What the mean reconstruction keeps of each direction, (L,) in [0, 1): 1 - beta sigma^2 / lambda, at least 0."""
        _check(beta)
        thresholds = self.thresholds()
        return torch.where(thresholds > beta, 1 - beta / thresholds.clamp(min=1e-300), 0.0)

    def reconstruct(self, rows: Tensor, beta: float) -> Tensor:
        """The mean reconstruction of rows (N, D) in [0, 1], float64; past the last threshold the mean image."""
        return self.pca.reconstruct(self.pca.project(rows) * self.shrinkage(beta))

    def mse(self, rows: Tensor, beta: float) -> float:
        """Mean squared error per pixel of that reconstruction of rows (N, D)."""
        return float((self.reconstruct(rows, beta) - rows.double()).square().mean())


def _check(beta: float, least: float = 0.0) -> None:
    if not least <= beta < float("inf"):
        raise ConfigError(f"beta must be a number {'above' if least else 'of at least'} 0, not {beta:g}.")
