"""The decoder's distributions over pixels, one class each: its activation, its loss and the bounds of its loss.

`registry/likelihood_rows.py` names them.

Every loss is the whole negative log-likelihood with its constants, in nats per image (summed over the pixels), so a
density's can be negative.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from vae_core.models.autoencoder import bound
from vae_core.registry.choice import resolve
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ObjectiveConfig

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
LOGIT_LIMIT = 100.0
"""The logit that stands for a pixel of exactly 0 or 1: cross-entropy 0 there in float32, and finite elsewhere."""
SMALLEST_MEAN = 1 / 510
"""Half a grey level: a continuous Bernoulli's mean is kept this far from 0 and 1 to find its logit, which is infinite
there."""
SIGMA_MIN, SIGMA_MAX = 1e-3, 10.0
"""Range of a learned sigma, the same as that of the setting `sigma`."""
TAYLOR_BELOW = 0.5
"""Below this |logit|, series replace the continuous Bernoulli's formulas, which lose digits near 0."""


class Likelihood(nn.Module, ABC):
    """p(x | output), where the output is that of the decoder, without an activation."""

    @abstractmethod
    def mean_image(self, output: Tensor) -> Tensor:
        """The expected image, of the shape of `output`; in [0, 1] except for Gaussians, whose mean is the output itself."""

    @abstractmethod
    def output_of(self, mean: Tensor) -> Tensor:
        """The output whose mean image is `mean`, in [0, 1]: the inverse of `mean_image`."""

    @abstractmethod
    def variance(self, mean: Tensor) -> Tensor:
        """The variance of each pixel given its mean, of the shape of `mean`, in squared pixel units."""

    @abstractmethod
    def negative_log_likelihood(self, output: Tensor, target: Tensor) -> Tensor:
        """-log p(target | output), (B,) nats per image, for output and target (B, C, H, W), target in [0, 1]."""

    def derivatives(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """The loss with its derivatives, for a training step that does without autograd.

        Autograd finds them here; a likelihood that knows them in closed form is faster.

        Args:
            output, target: (B, D), the pixels of each image in a row.

        Returns:
            The loss as `negative_log_likelihood` gives it, (B,); its derivative by the output, (B, D) in new memory; and the
            derivatives of its sum over the batch by `parameters()`.
        """
        with torch.enable_grad():
            leaf = output.detach().requires_grad_()
            nats = self.negative_log_likelihood(leaf, target)
            by_output, *by_parameters = torch.autograd.grad(nats.sum(), [leaf, *self.parameters()])
        return nats.detach(), by_output, tuple(by_parameters)

    def floor(self, target: Tensor) -> Tensor | None:
        """The smallest loss that any output can reach on each image: that of a perfect reconstruction.

        Args:
            target: (B, C, H, W), in [0, 1].

        Returns:
            (B,) nats per image, or None if the loss has no lower bound.
        """
        return self.negative_log_likelihood(self.output_of(target), target)

    def collapse(self, mean: Tensor, target: Tensor) -> Tensor:
        """The loss of the mean training image (C, H, W) as every output, as of a model that ignores the code: (B,) nats."""
        return self.negative_log_likelihood(self.output_of(mean).expand_as(target), target)


class Bernoulli(Likelihood):
    """Cross-entropy on logits. On grey pixels it is not a distribution, but it is bounded below by the pixels' entropy."""

    def mean_image(self, output: Tensor) -> Tensor:
        return output.sigmoid()

    def output_of(self, mean: Tensor) -> Tensor:
        return mean.logit().clamp(-LOGIT_LIMIT, LOGIT_LIMIT)

    def variance(self, mean: Tensor) -> Tensor:
        return mean * (1 - mean)

    def negative_log_likelihood(self, output: Tensor, target: Tensor) -> Tensor:
        return _exponential_family(output, target, _bernoulli_partition)

    def derivatives(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        return *_loss_and_residual(output, target, _bernoulli_partition), ()

    def floor(self, target: Tensor) -> Tensor:
        """The entropy of the pixels, (B,) nats; 0 if they are binarised."""
        entropy: Tensor = torch.special.entr(target) + torch.special.entr(1 - target)
        return entropy.flatten(1).sum(dim=1)


class ContinuousBernoulli(Likelihood):
    """The continuous Bernoulli (Loaiza-Ganem & Cunningham 2019, "The continuous Bernoulli", eq. 6) of the logit y.

    The density on [0, 1] is exp(x y) / ((exp(y) - 1) / y). Its mean is not sigmoid(y) but 1 / (1 - exp(-y)) - 1 / y.
    At a pixel of exactly 0 or 1 the density is about |y| when y has the right sign, so it grows without bound and the
    loss has no floor.
    """

    def floor(self, target: Tensor) -> None:
        """None: the loss has no lower bound."""

    def mean_image(self, output: Tensor) -> Tensor:
        return _continuous_bernoulli_partition(output)[1]

    def output_of(self, mean: Tensor) -> Tensor:
        """By bisection, once per distinct value, of which 8-bit images have at most 256.

        Means are first kept half a grey level away from 0 and 1.
        """
        bounded = mean.double().clamp(SMALLEST_MEAN, 1 - SMALLEST_MEAN)
        values, places = torch.unique(bounded, return_inverse=True)
        high = torch.full_like(values, 1 / SMALLEST_MEAN)
        low = -high
        for _ in range(60):
            middle = (low + high) / 2
            above = self.mean_image(middle) > values
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        return ((low + high) / 2)[places].to(mean.dtype)

    def variance(self, mean: Tensor) -> Tensor:
        output = self.output_of(mean).double()
        squared = output.square()
        series = 1 / 12 - squared / 240 + squared.square() / 6048
        direct = 1 / squared - 1 / (4 * (output / 2).sinh().square())
        return torch.where(output.abs() < TAYLOR_BELOW / 5, series, direct).to(mean.dtype)

    def negative_log_likelihood(self, output: Tensor, target: Tensor) -> Tensor:
        return _exponential_family(output, target, _continuous_bernoulli_partition)

    def derivatives(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        return *_loss_and_residual(output, target, _continuous_bernoulli_partition), ()


class LocationScale(Likelihood):
    """A distribution whose location is the decoder's output, with one standard deviation sigma for all pixels."""

    @property
    def sigma(self) -> float:
        """The current standard deviation, as a share of the pixel range 0 to 1."""
        return self._log_sigma().exp().item()

    def mean_image(self, output: Tensor) -> Tensor:
        return output

    def output_of(self, mean: Tensor) -> Tensor:
        return mean

    @abstractmethod
    def _log_sigma(self) -> Tensor:
        """The logarithm of sigma, a scalar."""


class Gaussian(LocationScale):
    """Means, and one fixed standard deviation for all pixels. Sigma 1 is half the squared error plus 0.919 per pixel."""

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self._given_log_sigma = math.log(sigma)

    def variance(self, mean: Tensor) -> Tensor:
        return torch.full_like(mean, self.sigma**2)

    def negative_log_likelihood(self, output: Tensor, target: Tensor) -> Tensor:
        return _gaussian(output, target, self._log_sigma())

    def derivatives(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        residual = (output - target).mul_((-2 * self._log_sigma()).exp())
        return _gaussian(output, target, self._log_sigma()), residual, ()

    def _log_sigma(self) -> Tensor:
        return torch.tensor(self._given_log_sigma)


class LearnedGaussian(Gaussian):
    """Means, and one standard deviation for all pixels that is learned with the weights.

    Rybkin et al. 2021, "Simple and Effective VAE Training with Calibrated Decoders", sec. 3.1.
    """

    def __init__(self, sigma: float) -> None:
        super().__init__(sigma)
        self.log_sigma = nn.Parameter(torch.tensor(self._given_log_sigma))

    def floor(self, target: Tensor) -> Tensor:
        """The loss without any error at the smallest sigma allowed, `SIGMA_MIN`, whatever sigma is now.

        It is a bound only because sigma is bounded; else the density of a perfect reconstruction would be unbounded.
        """
        return _gaussian(target, target, torch.tensor(math.log(SIGMA_MIN)))

    def collapse(self, mean: Tensor, target: Tensor) -> Tensor:
        """With the best sigma for the constant image, its root mean squared error over these targets."""
        sigma = (target - mean).square().mean().sqrt().clamp(SIGMA_MIN, SIGMA_MAX)
        return _gaussian(mean.expand_as(target), target, sigma.log())

    def derivatives(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        nats, residual, _ = super().derivatives(output, target)
        by_log_sigma = output.shape[1] - torch.linalg.vecdot(residual, output - target)
        return nats, residual, (by_log_sigma.sum(),)

    def _log_sigma(self) -> Tensor:
        return bound(self.log_sigma, math.log(SIGMA_MIN), math.log(SIGMA_MAX))


def build_likelihood(config: ObjectiveConfig) -> Likelihood:
    """A new likelihood as configured; a learned sigma starts at the configured one."""
    row = LIKELIHOODS[config.likelihood]
    made: Likelihood = resolve(row.code)(config.sigma) if row.has_sigma else resolve(row.code)()
    return made


def _gaussian(output: Tensor, target: Tensor, log_sigma: Tensor) -> Tensor:
    scaled = (target - output).flatten(1) * (-log_sigma).exp()
    return 0.5 * scaled.square().sum(dim=1) + scaled.shape[1] * (log_sigma + HALF_LOG_TWO_PI)


Partition = Callable[[Tensor], tuple[Tensor, Tensor]]
"""For a one-parameter exponential family, maps logits y (..., D) to the log-partition A(y) summed over D, (...), and to
the mean A'(y), (..., D), in new memory."""


def _bernoulli_partition(logit: Tensor) -> tuple[Tensor, Tensor]:
    """A(y) = log(1 + exp(y)) = relu(y) - log(max(s, 1 - s)) with s = sigmoid(y); safe at both ends, as max is at least 1/2.

    Reuses one buffer: memory outside the processor's cache costs more here than arithmetic.
    """
    mean = logit.sigmoid()
    buffer = 1 - mean
    logs = _sum_of_logs(torch.maximum(mean, buffer, out=buffer))
    return torch.clamp_min(logit, 0, out=buffer).sum(dim=-1) - logs, mean


def _sum_of_logs(factors: Tensor) -> Tensor:
    """The sum of logarithms over the last dimension, for values within [1/2, 1], which are overwritten.

    A product of 16 such values is far from underflow, and its logarithm costs less than 16 logarithms.
    """
    for _ in range(4):
        if factors.shape[-1] % 2 == 0:
            half = factors.shape[-1] // 2
            factors = factors[..., :half].mul_(factors[..., half:])
    return factors.log_().sum(dim=-1)


def _continuous_bernoulli_partition(logit: Tensor) -> tuple[Tensor, Tensor]:
    """A(y) = log((exp(y) - 1) / y) and A'(y) = 1 / (1 - exp(-y)) - 1 / y, by their series near 0."""
    near = logit.abs() < TAYLOR_BELOW
    squared = logit.square().where(near, 0)
    log_series = logit / 2 + squared / 24 * (1 - squared / 120 * (1 - squared / 63))
    mean_series = 0.5 + logit / 12 * (1 - squared / 60 * (1 - squared / 42))
    far = logit.masked_fill(near, 1)
    size = far.abs()
    log_direct = far.relu() + (-torch.expm1(-size) / size).log()
    mean_direct = -1 / torch.expm1(-far) - 1 / far
    return log_series.where(near, log_direct).sum(dim=-1), mean_series.where(near, mean_direct)


def _loss_and_residual(logit: Tensor, target: Tensor, partition: Partition) -> tuple[Tensor, Tensor]:
    """A(y) - x y summed over the pixels, (...), and its derivative A'(y) - x, (..., D)."""
    log_partition, mean = partition(logit)
    return log_partition - torch.linalg.vecdot(target, logit), mean.sub_(target)


class _ExponentialFamily(torch.autograd.Function):
    """A(y) - x y summed over the pixels of an image. Its gradient A'(y) - x is almost free once A is known."""

    @staticmethod
    def forward(ctx: Any, logit: Tensor, target: Tensor, partition: Partition) -> Tensor:
        nats, residual = _loss_and_residual(logit, target, partition)
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(residual)
        return nats

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (residual,) = ctx.saved_tensors
        return residual * gradients[0].unsqueeze(1), None, None


def _exponential_family(output: Tensor, target: Tensor, partition: Partition) -> Tensor:
    nats: Tensor = _ExponentialFamily.apply(output.flatten(1), target.flatten(1), partition)
    return nats
