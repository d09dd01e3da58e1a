"""The codes of images under a trained model: encoding, decoding, the importance of each dimension, nearest images."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor

from vae_core.config import RunConfig
from vae_core.data.batches import binarize_split, check_images, to_float
from vae_core.errors import ConfigError, DataError
from vae_core.evaluation.trained import Trained
from vae_core.metrics.active import is_active
from vae_core.models.autoencoder import Posterior
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.types import Array

BATCH_SIZE = 500
STILL_SHARE = 1e-6
"""Below this share of the largest variance, a dimension of an autoencoder moves nothing on any screen."""
TAIL = 0.001
"""Share of the prior that lies beyond each end of a slider."""
DATA_TAIL, WIDENED = 0.005, 0.05
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, eq=False)
class Codes:
    """Posteriors of N images.

    Attributes:
        mean: (N, L) float32, posterior means; the codes themselves for an autoencoder.
        log_variance: (N, L) float32, or None for an autoencoder.
        reconstruction_error: (N,) float32, mean squared error per pixel of the picture decoded from the mean; pixels
            range from 0 to 1.
        has_prior: whether training pulled the codes towards the prior, so that samples from it look like images
            (`RunConfig.weighs_kl`).
    """

    mean: Array
    log_variance: Array | None
    reconstruction_error: Array
    has_prior: bool


@torch.no_grad()
def encode(
    trained: Trained,
    images: Tensor | Array,
    *,
    batch_size: int = BATCH_SIZE,
    progress: Callable[[str, float], None] | None = None,
) -> Codes:
    """Encodes images, binarising them first if the model was trained on binarised pixels.

    Args:
        trained: the model.
        images: (N, C, H, W) uint8, N at least 1.
        batch_size: at least 1; affects only speed and memory.
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        DataError: there are no images, or their shape is not that of the training images.
    """
    tensor = images if isinstance(images, Tensor) else torch.from_numpy(np.array(images))
    check_images(tensor)
    if tuple(tensor.shape[1:]) != trained.image_shape:
        raise DataError(
            f"The model takes images of {_sizes(trained.image_shape)} (channels, height, width), not "
            f"{_sizes(tensor.shape[1:])}; choose other images."
        )
    pixels = binarize_split(tensor, trained.config.data.binarize, trained.config.training.seed)
    parts = []
    for start in range(0, len(pixels), batch_size):
        parts.append(_encode_batch(trained, to_float(pixels[start : start + batch_size])))
        if progress is not None:
            progress("encoding", min(start + batch_size, len(pixels)) / len(pixels))
    mean, log_variance, error = (np.concatenate(column) for column in zip(*parts, strict=True))
    config = trained.config
    return Codes(mean, log_variance if config.model.is_variational else None, error, config.weighs_kl)


def _encode_batch(trained: Trained, target: Tensor) -> tuple[Array, Array, Array]:
    """Means (B, L), log-variances (B, L) and errors (B,) of images (B, C, H, W) in [0, 1].

    An autoencoder's log-variances have no columns: (B, 0).
    """
    posterior = trained.model.encode(target)
    picture = trained.likelihood.mean_image(trained.model.decode(posterior.mean))
    error = (picture - target).square().flatten(1).mean(dim=1)
    log_variance = posterior.mean[:, :0] if posterior.log_variance is None else posterior.log_variance
    return posterior.mean.numpy(), log_variance.numpy(), error.numpy()


@torch.no_grad()
def decode_images(trained: Trained, z: Array, *, batch_size: int = BATCH_SIZE) -> Array:
    """Decodes codes to images: 255 times the mean of p(x | z), rounded; clipped, since a Gaussian's mean has no bounds.

    Args:
        trained: the model.
        z: (N, L), finite; N at least 1.
        batch_size: at least 1; affects only memory.

    Returns:
        (N, C, H, W) uint8.

    Raises:
        ConfigError: the codes have the wrong length, or a number that is not finite.
    """
    latent = trained.model.latent
    if z.ndim != 2 or z.shape[1] != latent or not len(z) or not np.isfinite(z).all():
        raise ConfigError(
            f"A code of this model must consist of {latent} finite number{'s' if latent > 1 else ''}; this one does not."
        )
    codes = torch.from_numpy(np.array(z, dtype=np.float32))
    parts = [codes[start : start + batch_size] for start in range(0, len(codes), batch_size)]
    pictures = [trained.likelihood.mean_image(trained.model.decode(part)) for part in parts]
    pixels: Array = torch.cat(pictures).clamp_(0, 1).mul_(255).round_().to(torch.uint8).numpy()
    return pixels


def dimension_importance(codes: Codes) -> Array:
    """How much each dimension carries, (L,) float64: its mean KL(q || N(0, 1)) in nats; an autoencoder's variance."""
    if codes.log_variance is None:
        variance: Array = codes.mean.astype(np.float64).var(axis=0)
        return variance
    posterior = Posterior(torch.from_numpy(codes.mean).double(), torch.from_numpy(codes.log_variance).double())
    kl: Array = kl_per_dimension(posterior).mean(dim=0).numpy()
    return kl


def order_by_importance(codes: Codes) -> Array:
    """The dimensions, counted from 0, sorted from the most to the least important: (L,) int64."""
    sorted_dimensions: Array = np.argsort(-dimension_importance(codes), kind="stable")
    return sorted_dimensions


def inactive_dimensions(codes: Codes) -> Array:
    """Which dimensions do not depend on the image, (L,) bool: those of a VAE that fail `active.is_active`.

    An autoencoder's codes have no scale of their own, so its dimensions count as inactive only if their variance is
    negligible beside the largest.
    """
    if codes.log_variance is not None:
        return ~is_active(codes.mean)
    variances = dimension_importance(codes)
    still: Array = variances <= STILL_SHARE * variances.max()
    return still


def slider_range(codes: Codes, dimension: int) -> tuple[float, float]:
    """The lower and the upper end of a dimension's slider.

    For a VAE these are the prior's quantiles 0.001 and 0.999 (-3.09 and 3.09), whatever the dimension. For an autoencoder,
    and for a VAE trained without a KL, the prior does not say where the codes are, so the ends are the quantiles 0.005 and
    0.995 of the codes, each moved outwards by a twentieth of their distance.
    """
    if codes.has_prior:
        end = NormalDist().inv_cdf(1 - TAIL)
        return -end, end
    low, high = np.quantile(codes.mean[:, dimension].astype(np.float64), [DATA_TAIL, 1 - DATA_TAIL]).tolist()
    margin = max(WIDENED * (high - low), 1e-3 * max(1.0, abs(low)))  # a constant code needs two distinct ends too
    return low - margin, high + margin


def fitted_gaussian(codes: Codes) -> tuple[Array, Array]:
    """The mean (L,) of the codes and the symmetric square root (L, L) of their covariance, float32.

    An autoencoder has no prior; its random codes are drawn from this Gaussian instead. It keeps the covariance because the
    dimensions are correlated: with the variances alone, samples would lie further from the codes of images.
    """
    mean = codes.mean.astype(np.float64)
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(mean, rowvar=False, bias=True)))
    root: Array = (axes * np.sqrt(variances.clip(min=0))) @ axes.T
    return mean.mean(axis=0).astype(np.float32), root.astype(np.float32)


def prior_warning(config: RunConfig) -> str:
    """Warns, in one sentence, of a VAE trained with no weight on the KL, whose prior samples mean nothing; else empty."""
    if not config.model.is_variational or config.weighs_kl:
        return ""
    return (
        f"This model was trained at {config.objective.kind.weight} 0, so nothing pulled its codes towards the prior, and "
        "images decoded from samples of the prior mean nothing."
    )


def nearest(codes: Codes, z: Array, k: int) -> Array:
    """The k images whose codes are nearest to z (L,) by Euclidean distance, nearest first: (k,) int64 indices.

    Returns fewer if there are fewer than k images.
    """
    distances = np.linalg.norm(codes.mean.astype(np.float64) - np.asarray(z, dtype=np.float64), axis=1)
    closest: Array = np.argsort(distances, kind="stable")[:k]
    return closest


def codes_to_csv(codes: Codes, labels: Sequence[int] | Array | Tensor, classes: Sequence[str]) -> str:
    """CSV text with one line per image: index, label (the class name), z1 to zL, mse_per_pixel.

    A name that a spreadsheet would take for a formula gets an apostrophe in front.

    Args:
        codes: the codes of N images.
        labels: (N,) indices into `classes`; -1 for an image without a label, whose cell stays empty.
        classes: the class names.
    """
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    latent = codes.mean.shape[1]
    table.writerow(["index", "label", *(f"z{number}" for number in range(1, latent + 1)), "mse_per_pixel"])
    names = [_safe(name) for name in classes]
    for index, (label, mean, error) in enumerate(zip(labels, codes.mean, codes.reconstruction_error, strict=True)):
        name = names[int(label)] if int(label) >= 0 else ""
        table.writerow([index, name, *(f"{value:.9g}" for value in mean), f"{error:.9g}"])
    return stream.getvalue()


def _safe(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA_STARTS) else name


def _sizes(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
