"""Held-out figures in nats per image (first version by the lead, to be replaced by the mathematics part)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.data import batches
from vae_core.data.randomness import Stream, generator
from vae_core.models.autoencoder import Autoencoder
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import Likelihood


@dataclass(frozen=True)
class Evaluation:
    images: int
    reconstruction_nats: float
    kl_nats: float | None
    negative_elbo_nats: float
    floor_nats: float
    active_units: int | None
    kl_per_dimension: list[float] | None
    mse_per_pixel: float


@torch.no_grad()
def evaluate(
    model: Autoencoder, likelihood: Likelihood, images: Tensor, *, seed: int, batch_size: int = 500
) -> Evaluation:
    draw = generator(seed, Stream.EVALUATION)
    rec = floor = mse = 0.0
    kl: Tensor | None = None
    means = []
    for chunk in images.split(batch_size):
        target = batches.to_float(chunk)
        posterior = model.encode(target)
        rec += float(likelihood.negative_log_likelihood(model.decode(posterior.sample(draw)), target).double().sum())
        floor += float(likelihood.floor(target).double().sum())
        mse += float((likelihood.mean_image(model.decode(posterior.mean)) - target).double().square().sum())
        means.append(posterior.mean)
        if posterior.log_variance is not None:
            part = kl_per_dimension(posterior).double().sum(0)
            kl = part if kl is None else kl + part
    count = len(images)
    total = None if kl is None else float(kl.sum()) / count
    return Evaluation(
        images=count,
        reconstruction_nats=rec / count,
        kl_nats=total,
        negative_elbo_nats=rec / count + (total or 0.0),
        floor_nats=floor / count,
        active_units=None if kl is None else int((torch.cat(means).var(0) > 0.01).sum()),
        kl_per_dimension=None if kl is None else (kl / count).tolist(),
        mse_per_pixel=mse / images.numel(),
    )


def iw_nll(model: Autoencoder, likelihood: Likelihood, images: Tensor, *, samples: int, seed: int) -> float:
    return float("nan")
