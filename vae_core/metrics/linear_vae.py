"""The linear VAE, whose optimum is known in closed form: which dimensions are active at which beta, and their KL.

With a Gaussian likelihood of standard deviation sigma and a linear encoder and decoder, the optimal beta-VAE is
probabilistic PCA with a noise variance of beta sigma^2: Tipping & Bishop 1999, "Probabilistic Principal Component
Analysis", sec. 3.2; Lucas et al. 2019, "Don't Blame the ELBO!", sec. 4. A direction of the data with variance lambda is
kept while lambda is above beta sigma^2. Its KL is then ln(lambda / (beta sigma^2)) / 2, which is also its rate in reverse
water-filling: Cover & Thomas 2006, "Elements of Information Theory", sec. 10.3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.errors import ConfigError
from vae_core.metrics.latents import Pca


@dataclass(frozen=True, eq=False)
class LinearVae:
    """The optimal linear VAE for a dataset.

    Attributes:
        pca: of the training images, with as many components (L) as the code has dimensions.
        sigma: of the Gaussian likelihood, for pixels in 0 to 1.
    """

    pca: Pca
    sigma: float = 1.0

    def thresholds(self) -> Tensor:
        """Returns the beta above which each dimension collapses, largest first: (L,) float64."""
        return self.pca.variances / self.sigma**2

    def kept(self, beta: float) -> int:
        """Returns the number of dimensions that have not collapsed at `beta`, which is at least 0."""
        _check(beta)
        return int((self.thresholds() > beta).sum())

    def kl_per_dimension(self, beta: float) -> Tensor:
        """Returns the KL of each dimension in nats per image at `beta`, above 0; largest first: (L,) float64."""
        _check(beta, least=1e-12)
        return 0.5 * (self.thresholds() / beta).clamp(min=1.0).log()

    def shrinkage(self, beta: float) -> Tensor:
        """Returns the share of each direction in the mean reconstruction: max(0, 1 - beta sigma^2 / lambda), (L,)."""
        _check(beta)
        thresholds = self.thresholds()
        return torch.where(thresholds > beta, 1 - beta / thresholds.clamp(min=1e-300), 0.0)

    def reconstruct(self, rows: Tensor, beta: float) -> Tensor:
        """Returns the mean reconstruction, (N, D) float64, of rows (N, D) in [0, 1]; the mean image after full collapse."""
        return self.pca.reconstruct(self.pca.project(rows) * self.shrinkage(beta))

    def mse(self, rows: Tensor, beta: float) -> float:
        """Returns the mean squared error per pixel of the reconstruction of rows (N, D)."""
        return float((self.reconstruct(rows, beta) - rows.double()).square().mean())


def _check(beta: float, least: float = 0.0) -> None:
    if not least <= beta < float("inf"):
        raise ConfigError(f"beta must be a number {'above' if least else 'of at least'} 0, not {beta:g}.")
