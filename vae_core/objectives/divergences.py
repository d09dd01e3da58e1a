"""The KL divergence of a posterior from the prior N(0, I)."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.models.autoencoder import Posterior


def kl_per_dimension(posterior: Posterior) -> Tensor:
    """KL(q(z | x) || N(0, I)) per image and dimension: (B, L) nats, at least 0.

    In closed form, 1/2 (mean^2 + variance - 1 - log variance): Kingma & Welling 2014, appendix B.

    Raises:
        ValueError: the posterior is an autoencoder's, which has no variance.
    """
    if posterior.log_variance is None:
        raise ValueError(
            "An autoencoder's posterior has no variance, so it has no KL divergence; only a VAE's has one."
        )
    of_variance = posterior.log_variance.expm1() - posterior.log_variance
    return 0.5 * torch.addcmul(of_variance, posterior.mean, posterior.mean)
