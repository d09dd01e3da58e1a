"""The autoencoder, and the posterior that every model's encoder returns.

Hinton & Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

LOG_VARIANCE_MIN, LOG_VARIANCE_MAX = -30.0, 20.0
"""Range of a posterior's log-variance: standard deviations of 3e-7 to 22,000, more than training needs, while exp stays far
from overflow."""


class _Bound(torch.autograd.Function):
    """A clamp that lets the gradient through, so that it can bring a value beyond a bound back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, low: float, high: float) -> Tensor:
        return value.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return gradients[0], None, None


def bound(value: Tensor, low: float, high: float) -> Tensor:
    """Clamps `value` to [low, high], of the same shape; the gradient is that of the identity."""
    bounded: Tensor = _Bound.apply(value, low, high)
    return bounded


@dataclass(frozen=True)
class Posterior:
    """The diagonal Gaussian q(z | x) of each image in a batch; without a variance, a single point: the code.

    Attributes:
        mean: (B, L).
        log_variance: (B, L) within [LOG_VARIANCE_MIN, LOG_VARIANCE_MAX], or None for an autoencoder.
    """

    mean: Tensor
    log_variance: Tensor | None

    def sample(self, generator: torch.Generator) -> Tensor:
        """One sample per image, (B, L): `at` a standard normal epsilon from a generator on the same device.

        For an autoencoder this is the code, and nothing is drawn.
        """
        return self.mean if self.log_variance is None else self.at(self.draw_epsilon(generator))

    def draw_epsilon(self, generator: torch.Generator) -> Tensor:
        """Standard normal noise (B, L) from a generator on the same device."""
        return torch.empty_like(self.mean).normal_(generator=generator)

    def float(self) -> Posterior:
        """The posterior in float32, whatever precision the encoder has."""
        return Posterior(self.mean.float(), None if self.log_variance is None else self.log_variance.float())

    def at(self, epsilon: Tensor) -> Tensor:
        """mean + exp(log_variance / 2) * epsilon, (B, L): Kingma & Welling 2014, eq. 10."""
        if self.log_variance is None:
            return self.mean
        return torch.addcmul(self.mean, (0.5 * self.log_variance).exp(), epsilon)


class Autoencoder(nn.Module):
    """An encoder and a decoder; `train()` and `eval()` make no difference.

    Attributes:
        encoder: images (B, C, H, W) to codes (B, L).
        decoder: codes (B, L) to (B, C, H, W), a flat sequence of layers.
        latent: L.
    """

    def __init__(self, encoder: nn.Sequential, decoder: nn.Sequential, latent: int) -> None:
        super().__init__()
        self.encoder, self.decoder, self.latent = encoder, decoder, latent

    def encoders(self) -> list[nn.Sequential]:
        """All networks that see the images."""
        return [self.encoder]

    def encode(self, images: Tensor) -> Posterior:
        """The posterior of images (B, C, H, W) in [0, 1]. An autoencoder's has no variance: `log_variance` is None."""
        return self.posterior(self.encoder(images))

    def posterior(self, encoded: Tensor) -> Posterior:
        """The posterior from the encoder's output: here the codes (B, L) themselves."""
        return Posterior(encoded, None)

    def decode(self, codes: Tensor) -> Tensor:
        """The output (B, C, H, W) for codes (B, L), without an activation: logits or means, depending on the likelihood."""
        output: Tensor = self.decoder(codes)
        return output
