"""What training minimises: the reconstruction loss and the KL of each image, and how the two are weighted.

All figures are in nats per image: summed over pixels and latents, averaged over the batch. Each objective is one function
of these averages and of the weights at a step; `registry/objective_rows.py` lists them. An autoencoder's loss is the
reconstruction loss alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from vae_core.models.autoencoder import Posterior
from vae_core.objectives import schedules
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import Likelihood
from vae_core.registry.choice import resolve
from vae_core.settings import ObjectiveConfig

Nats = TypeVar("Nats", float, Tensor)


@dataclass(frozen=True)
class LossTerms:
    """The unweighted terms of the loss, in nats.

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
        """Reconstruction and KL averaged over the batch: scalars, in nats per image."""
        kl = self.kl
        return self.reconstruction.mean(), None if kl is None else kl.mean()

    def means(self) -> tuple[float, float | None]:
        """`averages` as numbers."""
        reconstruction, kl = self.averages
        return reconstruction.item(), None if kl is None else kl.item()


class Weights(NamedTuple):
    """The weights of the terms at one step.

    Attributes:
        beta: the weight of the KL.
        capacity: the target of the KL in nats per image; None without a capacity.
        config: the settings of the objective that do not change from step to step.
    """

    beta: float
    capacity: float | None
    config: ObjectiveConfig


def beta_loss(reconstruction: Nats, kl: Nats, weights: Weights) -> Nats:
    """reconstruction + beta * KL: Higgins et al. 2017, "beta-VAE", eq. 4.

    Beta 1 is the negative ELBO of Kingma & Welling 2014, eq. 10.
    """
    return reconstruction + weights.beta * kl


def capacity_loss(reconstruction: Nats, kl: Nats, weights: Weights) -> Nats:
    """reconstruction + gamma * |KL - C|: Burgess et al. 2018, "Understanding disentangling in beta-VAE", eq. 8.

    The KL is the mean over the batch. So images may differ in how much information they need, and the same formula gives
    the loss of a batch and of a whole split.
    """
    return reconstruction + weights.config.gamma * abs(kl - (weights.capacity or 0.0))


def beta_slope(kl: float, weights: Weights) -> float:
    """The derivative of `beta_loss` by the KL."""
    return weights.beta


def capacity_slope(kl: float, weights: Weights) -> float:
    """The derivative of `capacity_loss` by the KL: gamma times the sign of KL - C."""
    distance = kl - (weights.capacity or 0.0)
    return weights.config.gamma * ((distance > 0) - (distance < 0))


class Objective:
    """Weights the terms of the loss at each step; has no state."""

    def __init__(self, config: ObjectiveConfig, steps_per_epoch: int) -> None:
        self.config, self.steps_per_epoch = config, steps_per_epoch
        self._loss = resolve(config.kind.code)

    def terms(self, likelihood: Likelihood, output: Tensor, target: Tensor, posterior: Posterior) -> LossTerms:
        """The terms of a batch: the decoder's output and its target (B, C, H, W), and the posterior of the input."""
        return self.terms_of(likelihood.negative_log_likelihood(output, target), posterior)

    @staticmethod
    def terms_of(reconstruction: Tensor, posterior: Posterior) -> LossTerms:
        """The terms of a batch with this reconstruction loss, (B,) nats."""
        return LossTerms(reconstruction, None if posterior.log_variance is None else kl_per_dimension(posterior))

    def loss(self, terms: LossTerms, step: int) -> Tensor:
        """The scalar to minimise at this step (0 is the first), nats per image."""
        return self.value(*terms.averages, step)

    def value(self, reconstruction: Nats, kl: Nats | None, step: int) -> Nats:
        """The objective at this step from the means of its terms, in nats per image; `kl` is None for an autoencoder."""
        return self._weigh(reconstruction, kl, Weights(self.beta_at(step), self.capacity_at(step), self.config))

    def kl_gradient(self, kl: Tensor, step: int) -> float:
        """The derivative of `value` by the mean KL, a scalar."""
        weights = Weights(self.beta_at(step), self.capacity_at(step), self.config)
        if self.config.kind.slope:
            return float(resolve(self.config.kind.slope)(kl.item(), weights))
        with torch.enable_grad():
            leaf = kl.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self._weigh(torch.zeros_like(leaf), leaf, weights), leaf)
        return gradient.item()

    def target(self, reconstruction: Nats, kl: Nats | None) -> Nats:
        """The objective with beta and capacity at their final values, by which models are selected."""
        return self._weigh(reconstruction, kl, Weights(self.config.beta, self.config.capacity, self.config))

    def beta_at(self, step: int) -> float:
        """The weight of the KL at this step; without effect if there is a capacity."""
        return schedules.beta_at(self.config, step, self.steps_per_epoch)

    def capacity_at(self, step: int) -> float | None:
        """The target of the KL at this step in nats per image, or None."""
        return schedules.capacity_at(self.config, step, self.steps_per_epoch)

    def _weigh(self, reconstruction: Nats, kl: Nats | None, weights: Weights) -> Nats:
        if kl is None:
            return reconstruction
        loss: Nats = self._loss(reconstruction, kl, weights)
        return loss
