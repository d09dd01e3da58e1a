"""What training minimises: the reconstruction and the KL of each image, and how the two are weighed.

All figures are nats per image: summed over pixels and over latents, averaged over the batch. With a VAE the loss is

- beta-VAE (Higgins et al. 2017, eq. 4; beta 1 is the negative ELBO of Kingma & Welling 2014, eq. 10):
  reconstruction + beta * KL
- with a capacity C (Burgess et al. 2018, "Understanding disentangling in beta-VAE", eq. 8):
  reconstruction + gamma * |KL - C|, KL being the mean over the batch. So images may differ in how much they need, and
  the loss of a batch and that of a whole split are one formula.

An autoencoder's loss is the reconstruction alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from torch import Tensor

from vae_core.config import ObjectiveConfig
from vae_core.models.autoencoder import Posterior
from vae_core.objectives import schedules
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import Likelihood

Nats = TypeVar("Nats", float, Tensor)


@dataclass(frozen=True)
class LossTerms:
    """The terms of the loss, unweighted, nats.

    Attributes:
        reconstruction: (B,), the negative log-likelihood of each image.
        kl_per_dimension: (B, L), or None for an autoencoder.
    """

    reconstruction: Tensor
    kl_per_dimension: Tensor | None

    @property
    def kl(self) -> Tensor | None:
        """(B,), the KL of each image, or None for an autoencoder."""
        return None if self.kl_per_dimension is None else self.kl_per_dimension.sum(dim=1)

    @cached_property
    def averages(self) -> tuple[Tensor, Tensor | None]:
        """Reconstruction and KL averaged over the batch, scalars, nats per image."""
        kl = self.kl
        return self.reconstruction.mean(), None if kl is None else kl.mean()

    def means(self) -> tuple[float, float | None]:
        """The same as numbers."""
        reconstruction, kl = self.averages
        return reconstruction.item(), None if kl is None else kl.item()


class Objective:
    """How the terms are weighed at each step; holds no state."""

    def __init__(self, config: ObjectiveConfig, steps_per_epoch: int) -> None:
        self.config, self.steps_per_epoch = config, steps_per_epoch

    def terms(self, likelihood: Likelihood, output: Tensor, target: Tensor, posterior: Posterior) -> LossTerms:
        """The terms of a batch: the decoder's output and its target (B, C, H, W), and the posterior of the input."""
        return self.terms_of(likelihood.negative_log_likelihood(output, target), posterior)

    @staticmethod
    def terms_of(reconstruction: Tensor, posterior: Posterior) -> LossTerms:
        """The terms of a batch whose reconstruction loss, (B,) nats, is known already."""
        return LossTerms(reconstruction, None if posterior.log_variance is None else kl_per_dimension(posterior))

    def loss(self, terms: LossTerms, step: int) -> Tensor:
        """The scalar to minimise at this step (0 is the first), nats per image."""
        return self.value(*terms.averages, step)

    def value(self, reconstruction: Nats, kl: Nats | None, step: int) -> Nats:
        """The objective at this step from the means of its terms, nats per image; `kl` None is an autoencoder."""
        return self._weigh(reconstruction, kl, self.beta_at(step), self.capacity_at(step))

    def kl_gradient(self, kl: Nats, step: int) -> Nats | float:
        """The derivative of `value` by the mean KL: beta, or with a capacity C the sign of KL - C times gamma."""
        capacity = self.capacity_at(step)
        if capacity is None:
            return self.beta_at(step)
        return self.config.gamma * (1.0 * (kl > capacity) - 1.0 * (kl < capacity))

    def target(self, reconstruction: Nats, kl: Nats | None) -> Nats:
        """The objective with beta and capacity at their final values, by which models are selected."""
        return self._weigh(reconstruction, kl, self.config.beta, self.config.capacity)

    def beta_at(self, step: int) -> float:
        """The weight of the KL at this step; without effect where there is a capacity."""
        return schedules.beta_at(self.config, step, self.steps_per_epoch)

    def capacity_at(self, step: int) -> float | None:
        """The KL aimed at at this step in nats per image, or None."""
        return schedules.capacity_at(self.config, step, self.steps_per_epoch)

    def _weigh(self, reconstruction: Nats, kl: Nats | None, beta: float, capacity: float | None) -> Nats:
        if kl is None:
            return reconstruction
        if capacity is None:
            return reconstruction + beta * kl
        return reconstruction + self.config.gamma * abs(kl - capacity)
