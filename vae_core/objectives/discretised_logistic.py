"""The likelihood for photographs: a probability of each of the 256 grey levels, with one learned width.

Kingma et al. 2016, "Improved Variational Inference with Inverse Autoregressive Flow", appendix C.3: the logistic density is
integrated over the bin of a grey level, and the first and the last bin reach to infinity, so that the probabilities of
the 256 levels add up to 1. A probability of levels, unlike a density, makes bits per dimension comparable between papers.
"""

from __future__ import annotations

import math

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from vae_core.models.autoencoder import bound
from vae_core.objectives.likelihoods import SIGMA_MAX, SIGMA_MIN, LocationScale

LEVELS = 256
HALF_BIN = 0.5 / (LEVELS - 1)
DEVIATION_OF_UNIT_SCALE = math.pi / math.sqrt(3)
"""Standard deviation of a logistic distribution of scale 1."""
SEARCH_IMAGES = 200


class DiscretisedLogistic(LocationScale):
    """Locations from the decoder, and one standard deviation sigma for all pixels that is learned with the weights.

    The mean image is the location, which is the median. The mean differs if a bin that reaches to infinity holds much.

    Attributes:
        log_sigma: of the logistic distribution before it is integrated over the bins, in units of the pixel range 0 to 1.
    """

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.log_sigma = nn.Parameter(torch.tensor(math.log(sigma)))

    def variance(self, mean: Tensor) -> Tensor:
        """Of the logistic distribution and the width of a bin, the two open bins left out of account."""
        return torch.full_like(mean, self.sigma**2 + (2 * HALF_BIN) ** 2 / 12)

    def negative_log_likelihood(self, output: Tensor, target: Tensor) -> Tensor:
        """-log of the probability of each image's grey levels, (B,) nats.

        With sigma(y) the logistic function, d the width of a bin over the scale s, and y = (x - m) / s,
        sigma(y + d/2) - sigma(y - d/2) = sigma(y + d/2) sigma(d/2 - y) (1 - exp(-d)), which is safe far from the location.
        """
        return _nats(output, target, self._log_sigma())

    def floor(self, target: Tensor) -> Tensor:
        """Without any error, at the smallest sigma allowed, `SIGMA_MIN`."""
        return _nats(target, target, torch.tensor(math.log(SIGMA_MIN)))

    def collapse(self, mean: Tensor, target: Tensor) -> Tensor:
        """With the sigma that is best for the constant image, found on the first `SEARCH_IMAGES` targets."""
        few = target[:SEARCH_IMAGES]

        def nats(log_sigma: float) -> float:
            return _nats(mean.expand_as(few), few, torch.tensor(log_sigma)).mean().item()

        smallest, largest = math.log(SIGMA_MIN), math.log(SIGMA_MAX)
        inner = minimize_scalar(nats, bounds=(smallest, largest), method="bounded", options={"xatol": 1e-3}).x
        best = min(smallest, float(inner), key=nats)
        return _nats(mean.expand_as(target), target, torch.tensor(best, dtype=target.dtype))

    def _log_sigma(self) -> Tensor:
        return bound(self.log_sigma, math.log(SIGMA_MIN), math.log(SIGMA_MAX))


def _nats(location: Tensor, target: Tensor, log_sigma: Tensor) -> Tensor:
    per_scale = DEVIATION_OF_UNIT_SCALE * (-log_sigma).exp()
    distance, half = (target - location) * per_scale, HALF_BIN * per_scale
    below, above = logsigmoid(distance + half), logsigmoid(half - distance)
    is_first, is_last = target < HALF_BIN, target > 1 - HALF_BIN
    log_bin = (-torch.expm1(-2 * half)).log()
    inner = below + above + log_bin
    log_probability = torch.where(is_first, below, torch.where(is_last, above, inner))
    return -log_probability.flatten(1).sum(dim=1)
