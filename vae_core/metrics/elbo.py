"""The quality of a model on a whole split: the ELBO and its terms, and the importance-weighted likelihood.

Evaluation changes neither the model, nor training, nor torch's global generator. Noise is drawn for the whole split at
once, so that figures do not depend on the batch size except for the rounding of float32.
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
    """Means over a split. Figures that an autoencoder does not have are None.

    Attributes:
        images: the number of images evaluated.
        reconstruction_nats: -log p(x | z), nats per image, with one seeded posterior sample per image.
        kl_nats: KL(q || N(0, I)), nats per image.
        negative_elbo_nats: their sum; for an autoencoder, the reconstruction alone.
        floor_nats: the smallest possible reconstruction loss, that of a perfect reconstruction, nats per image; None if
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
    """Evaluates a model in one pass over all images, summing in float64 and dividing once by their number.

    Args:
        model, likelihood: on the same device.
        images: `uint8`, (N, C, H, W), N at least 1; the target, and also the input unless `inputs` is given. Binarise
            them with `batches.binarize_split`.
        seed: of the posterior samples, one per image.
        batch_size: at least 1; affects only speed and memory.
        inputs: `uint8`, (N, C, H, W), what the encoder sees instead of `images`: corrupted images for a denoising model
            (`corruptions.corrupt_split`). The figures are then those of its training objective: the clean image's negative
            log-likelihood given a code of the corrupted one, and the KL of that code. Their sum is still an upper bound on
            -log p(x) of the clean image, as it is for any q(z): Im et al. 2017, "Denoising Criterion for Variational
            Auto-Encoding Framework", sec. 3.

    Raises:
        DataError: there are no images.
    """
    averages, means = _averages(model, likelihood, images, seed, batch_size, only_elbo=False, inputs=inputs)
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
    """Returns reconstruction and KL (None for an autoencoder) in nats per image, like `evaluate` but in half the time.

    Used during training. Arguments and errors are those of `evaluate`.
    """
    averages, _ = _averages(model, likelihood, images, seed, BATCH_SIZE, only_elbo=True, inputs=inputs)
    kl = averages.get("kl")
    return averages["reconstruction"].item(), None if kl is None else kl.sum().item()


def _averages(
    model: Autoencoder,
    likelihood: Likelihood,
    images: Tensor,
    seed: int,
    batch_size: int,
    *,
    only_elbo: bool,
    inputs: Tensor | None,
) -> tuple[dict[str, Tensor], Tensor]:
    """Returns float64 means over all images of the ELBO's terms or of all figures, and the posterior means (N, L)."""
    _check_some(images)
    noise = _epsilon(len(images), model.latent, seed, 0)
    sums: dict[str, Tensor] = {}
    means = []
    for rows, target in _batches(images, batch_size, _device(model)):
        batch_inputs = target if inputs is None or inputs is images else to_float(inputs[rows].to(target.device))
        posterior = model.encode(batch_inputs)
        means.append(posterior.mean)
        figures = _nats(model, likelihood, target, posterior, noise[rows].to(target.device))
        if not only_elbo:
            figures |= _other_figures(model, likelihood, target, posterior)
        for name, values in figures.items():
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
    """Returns the mean of `iw_nlls` over the images, in nats per image; arguments and errors are the same."""
    return iw_nlls(model, likelihood, images, samples, seed, batch_size=batch_size, inputs=inputs).mean().item()


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
    """Returns the importance-weighted bound on -log p(x) of each image, (N,) float64 nats.

    Burda et al. 2016, "Importance Weighted Autoencoders", eq. 8: -log 1/K sum_k p(x, z_k) / q(z_k | x). Its expectation
    decreases as K grows; with one sample it is an estimate of the negative ELBO. Samples are drawn one at a time, so
    memory does not grow with K.

    Args:
        model: a VAE.
        likelihood: on the model's device.
        images, seed, batch_size: as for `evaluate`.
        samples: K, at least 1.
        inputs: what the encoder sees, as for `evaluate`. A denoising model samples from its code of the corrupted image
            while x is the clean one: any proposal gives a bound on -log p(x).
        progress: called with the current activity and the progress, 0 to 1.

    Raises:
        DataError: there are no images.
        ConfigError: the model is an autoencoder, or K is below 1.
    """
    _check_some(images)
    if samples < 1:
        raise ConfigError(f"The number of importance samples must be at least 1, not {samples}.")
    totals = torch.full((len(images),), -math.inf, dtype=torch.float64)
    encoded = images if inputs is None else inputs
    posteriors = [model.encode(batch) for _, batch in _batches(encoded, batch_size, _device(model))]
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
    """Returns the terms of the ELBO of each image of a batch: reconstruction, (B,), and a VAE's KL, (B, L)."""
    output = model.decode(posterior.at(epsilon))
    values = {"reconstruction": likelihood.negative_log_likelihood(output, target)}
    if posterior.log_variance is not None:
        values["kl"] = kl_per_dimension(posterior)
    return values


def _other_figures(
    model: Autoencoder, likelihood: Likelihood, target: Tensor, posterior: Posterior
) -> dict[str, Tensor]:
    """Returns the figures besides the ELBO, (B,) each: squared error per pixel, and the floor in nats if there is one."""
    error = likelihood.mean_image(model.decode(posterior.mean)) - target
    squared, floor = error.square().flatten(1).mean(dim=1), likelihood.floor(target)
    return {"squared_error": squared} if floor is None else {"squared_error": squared, "floor": floor}


def _log_weights(
    model: Autoencoder, likelihood: Likelihood, target: Tensor, posterior: Posterior, epsilon: Tensor
) -> Tensor:
    """Returns log p(x, z) - log q(z | x) of one sample per image, (B,) nats."""
    if posterior.log_variance is None:
        raise ConfigError("An autoencoder assigns no probability to images; importance sampling needs a VAE.")
    code = posterior.at(epsilon)
    log_prior = -(0.5 * code.square() + HALF_LOG_TWO_PI).sum(dim=1)
    log_posterior = -(0.5 * (epsilon.square() + posterior.log_variance) + HALF_LOG_TWO_PI).sum(dim=1)
    return log_prior - log_posterior - likelihood.negative_log_likelihood(model.decode(code), target)


def _batches(images: Tensor, batch_size: int, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
    """Yields the rows of each batch and its images, float32 in [0, 1], (B, C, H, W)."""
    for start in range(0, len(images), batch_size):
        rows = slice(start, min(start + batch_size, len(images)))
        yield rows, to_float(images[rows].to(device))


def _epsilon(images: int, latent: int, seed: int, sample: int) -> Tensor:
    """Draws standard normal noise, (images, latent), on the CPU, so that it is the same on every device."""
    return torch.randn(images, latent, generator=generator(seed, Stream.EVALUATION, sample))


def _check_some(images: Tensor) -> None:
    if len(images) == 0:
        raise DataError("There are no images to evaluate; give at least one.")


def _device(model: Autoencoder) -> torch.device:
    return next(model.parameters()).device
