"""How good a model is on a whole split: the ELBO and its parts, and the importance-weighted likelihood.

Nothing of the model, of training or of torch's global generator is changed. Every draw is made for the whole split at
once, so that a figure does not depend on the batch size but for the rounding of float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.data.batches import to_float
from vae_core.data.randomness import Stream, generator
from vae_core.errors import ConfigError, DataError
from vae_core.metrics.latents import active_units
from vae_core.models.autoencoder import Autoencoder, Posterior
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import HALF_LOG_TWO_PI, Likelihood

BATCH_SIZE = 500


@dataclass(frozen=True)
class Evaluation:
    """Means over a split; `None` where an autoencoder has no such figure.

    Attributes:
        images: how many were evaluated.
        reconstruction_nats: -log p(x | z), nats per image, one seeded posterior sample an image.
        kl_nats: KL(q || N(0, I)), nats per image.
        negative_elbo_nats: their sum; an autoencoder's is its reconstruction.
        floor_nats: the smallest reconstruction loss possible, that of a perfect reconstruction, nats per image; None if
            the likelihood's loss has no lower bound (continuous Bernoulli).
        active_units: number of active dimensions (`active.is_active`).
        kl_per_dimension: nats per image of each of the L dimensions.
        mse_per_pixel: squared error of the reconstruction from the posterior mean, pixel range 0 to 1.
    """

    images: int
    reconstruction_nats: float
    kl_nats: float | None
    negative_elbo_nats: float
    floor_nats: float | None
    active_units: int | None
    kl_per_dimension: tuple[float, ...] | None
    mse_per_pixel: float


@torch.no_grad()
def evaluate(
    model: Autoencoder,
    likelihood: Likelihood,
    images: Tensor,
    *,
    seed: int,
    batch_size: int = BATCH_SIZE,
    inputs: Tensor | None = None,
) -> Evaluation:
    """Walks all images once, adds sums in float64 and divides once by the count.

    Args:
        model, likelihood: on one device.
        images: `uint8`, (N, C, H, W), N at least 1; the target, and the input too unless `inputs` says otherwise.
            Binarised ones come from `batches.binarize_split`.
        seed: of the posterior samples, one an image.
        batch_size: at least 1; only speed and memory depend on it.
        inputs: what the encoder sees of `images`, of the same shape: of a denoising model damaged ones
            (`corruptions.corrupt_split`). Then the figures are those of its training objective: the clean image's negative
            log-likelihood given a code of the damaged one, and the KL of that code. Their sum is still an upper bound on
            -log p(x) of the clean image, as it is for any q(z): Im et al. 2017, "Denoising Criterion for Variational
            Auto-Encoding Framework", sec. 3.

    Raises:
        DataError: there is no image.
    """
    averages, means = _averages(model, likelihood, images, seed, batch_size, whole=True, inputs=inputs)
    reconstruction = averages["reconstruction"].item()
    kl = averages.get("kl")
    kl_nats = None if kl is None else kl.sum().item()
    return Evaluation(
        images=len(images),
        reconstruction_nats=reconstruction,
        kl_nats=kl_nats,
        negative_elbo_nats=reconstruction + (kl_nats or 0.0),
        floor_nats=averages["floor"].item() if "floor" in averages else None,
        active_units=None if kl is None else active_units(means),
        kl_per_dimension=None if kl is None else tuple(kl.tolist()),
        mse_per_pixel=averages["squared_error"].item(),
    )


@torch.no_grad()
def elbo_terms(
    model: Autoencoder, likelihood: Likelihood, images: Tensor, *, seed: int, inputs: Tensor | None = None
) -> tuple[float, float | None]:
    """Reconstruction and KL (None for an autoencoder) in nats per image, as `evaluate` gives them, in half its time.

    What is watched while a model trains; arguments and errors are those of `evaluate`.
    """
    averages, _ = _averages(model, likelihood, images, seed, BATCH_SIZE, whole=False, inputs=inputs)
    kl = averages.get("kl")
    return averages["reconstruction"].item(), None if kl is None else kl.sum().item()


def _averages(
    model: Autoencoder,
    likelihood: Likelihood,
    images: Tensor,
    seed: int,
    batch_size: int,
    *,
    whole: bool,
    inputs: Tensor | None,
) -> tuple[dict[str, Tensor], Tensor]:
    """Means over all images, float64, of the ELBO's terms and (`whole`) of the rest; and the posterior means (N, L)."""
    _check_some(images)
    noise = _epsilon(len(images), model.latent, seed, 0)
    sums: dict[str, Tensor] = {}
    means = []
    for rows, target in _batches(images, batch_size, _device(model)):
        seen = target if inputs is None or inputs is images else to_float(inputs[rows].to(target.device))
        posterior = model.encode(seen)
        means.append(posterior.mean)
        found = _nats(model, likelihood, target, posterior, noise[rows].to(target.device))
        if whole:
            found |= _rest(model, likelihood, target, posterior)
        for name, values in found.items():
            sums[name] = sums.get(name, torch.zeros((), dtype=torch.float64)) + values.double().sum(dim=0).cpu()
    return {name: total / len(images) for name, total in sums.items()}, torch.cat(means)


def iw_nll(
    model: Autoencoder,
    likelihood: Likelihood,
    images: Tensor,
    samples: int,
    seed: int,
    *,
    batch_size: int = BATCH_SIZE,
    inputs: Tensor | None = None,
) -> float:
    """The mean of `iw_nlls` over the images, in nats per image; arguments and errors are the same."""
    found = iw_nlls(model, likelihood, images, samples, seed, batch_size=batch_size, inputs=inputs)
    return found.mean().item()


@torch.no_grad()
def iw_nlls(
    model: Autoencoder,
    likelihood: Likelihood,
    images: Tensor,
    samples: int,
    seed: int,
    *,
    batch_size: int = BATCH_SIZE,
    inputs: Tensor | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Tensor:
    """The importance-weighted bound on -log p(x) of each image, (N,) float64 nats.

    Burda et al. 2016, "Importance Weighted Autoencoders", eq. 8: -log 1/K sum_k p(x, z_k) / q(z_k | x). Its expectation
    falls as K grows; with one sample it is an estimate of the negative ELBO. Samples are taken one at a time, so memory
    does not grow with their number.

    Args:
        model: a VAE.
        likelihood: on the model's device.
        images, seed, batch_size: as for `evaluate`.
        samples: K, at least 1.
        inputs: what the encoder sees, as for `evaluate`. The samples of a denoising model come from its code of the
            damaged image, and x is the clean one: any proposal gives a bound on -log p(x).
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        DataError: there is no image.
        ConfigError: the model is an autoencoder, or K is below 1.
    """
    _check_some(images)
    if samples < 1:
        raise ConfigError(f"The number of importance samples must be at least 1, not {samples}.")
    totals = torch.full((len(images),), -math.inf, dtype=torch.float64)
    seen = images if inputs is None else inputs
    posteriors = [model.encode(given) for _, given in _batches(seen, batch_size, _device(model))]
    for sample in range(samples):
        noise = _epsilon(len(images), model.latent, seed, sample)
        for (rows, target), posterior in zip(_batches(images, batch_size, _device(model)), posteriors, strict=True):
            weights = _log_weights(model, likelihood, target, posterior, noise[rows].to(target.device))
            totals[rows] = torch.logaddexp(totals[rows], weights.double().cpu())
        if progress is not None:
            progress("importance sampling", (sample + 1) / samples)
    return math.log(samples) - totals


def _nats(
    model: Autoencoder, likelihood: Likelihood, target: Tensor, posterior: Posterior, epsilon: Tensor
) -> dict[str, Tensor]:
    """The terms of the ELBO of each image of a batch: reconstruction as (B,), KL as (B, L) where there is one."""
    output = model.decode(posterior.at(epsilon))
    values = {"reconstruction": likelihood.negative_log_likelihood(output, target)}
    if posterior.log_variance is not None:
        values["kl"] = kl_per_dimension(posterior)
    return values


def _rest(model: Autoencoder, likelihood: Likelihood, target: Tensor, posterior: Posterior) -> dict[str, Tensor]:
    """What an evaluation gives besides the ELBO, (B,) each: squared error per pixel, and the floor in nats if any."""
    error = likelihood.mean_image(model.decode(posterior.mean)) - target
    squared, floor = error.square().flatten(1).mean(dim=1), likelihood.floor(target)
    return {"squared_error": squared} if floor is None else {"squared_error": squared, "floor": floor}


def _log_weights(
    model: Autoencoder, likelihood: Likelihood, target: Tensor, posterior: Posterior, epsilon: Tensor
) -> Tensor:
    """log p(x, z) - log q(z | x) of one sample an image, (B,) nats."""
    if posterior.log_variance is None:
        raise ConfigError("An autoencoder gives images no probability; importance sampling needs a VAE.")
    code = posterior.at(epsilon)
    log_prior = -(0.5 * code.square() + HALF_LOG_TWO_PI).sum(dim=1)
    log_posterior = -(0.5 * (epsilon.square() + posterior.log_variance) + HALF_LOG_TWO_PI).sum(dim=1)
    return log_prior - log_posterior - likelihood.negative_log_likelihood(model.decode(code), target)


def _batches(images: Tensor, batch_size: int, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
    """The rows of each batch and its images, float32 in [0, 1]."""
    for start in range(0, len(images), batch_size):
        rows = slice(start, min(start + batch_size, len(images)))
        yield rows, to_float(images[rows].to(device))


def _epsilon(images: int, latent: int, seed: int, sample: int) -> Tensor:
    """Standard normal, (images, latent), drawn on the CPU, so that it is the same on every device."""
    return torch.randn(images, latent, generator=generator(seed, Stream.EVALUATION, sample))


def _check_some(images: Tensor) -> None:
    if len(images) == 0:
        raise DataError("There is no image to evaluate; give at least one.")


def _device(model: Autoencoder) -> torch.device:
    return next(model.parameters()).device
