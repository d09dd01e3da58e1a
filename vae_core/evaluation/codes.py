"""The codes of images under a trained model: how they lie, how much each dimension carries, who is near, and back."""

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
"""An autoencoder's dimension whose variance is below this share of the largest does not move on any screen."""
TAIL = 0.001
"""Share of the prior below a slider's end, and as much above the other."""
DATA_TAIL, WIDENED = 0.005, 0.05
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, eq=False)
class Codes:
    """Posteriors of N images.

    Attributes:
        mean: (N, L) float32, posterior means; an autoencoder's codes.
        log_variance: (N, L) float32, or None for an autoencoder.
        reconstruction_error: (N,) float32, mean squared error per pixel of the picture decoded from the mean, pixel
            range 0 to 1.
        has_prior: whether training drew the codes towards the prior, so that draws from it look like images
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
    """The codes of images; a model trained on binarised pixels is shown these binarised too.

    Args:
        trained: the model.
        images: `uint8`, (N, C, H, W), N at least 1.
        batch_size: at least 1; only speed and memory depend on it.
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        DataError: there is no image, or they have another shape than those of training.
    """
    given = images if isinstance(images, Tensor) else torch.from_numpy(np.array(images))
    check_images(given)
    if tuple(given.shape[1:]) != trained.image_shape:
        raise DataError(
            f"The model takes images of {_sizes(trained.image_shape)} (channels, height, width), not of "
            f"{_sizes(given.shape[1:])}; choose others."
        )
    pixels = binarize_split(given, trained.config.data.binarize, trained.config.training.seed)
    parts = []
    for start in range(0, len(pixels), batch_size):
        parts.append(_encode_batch(trained, to_float(pixels[start : start + batch_size])))
        if progress is not None:
            progress("encoding", min(start + batch_size, len(pixels)) / len(pixels))
    mean, log_variance, error = (np.concatenate(column) for column in zip(*parts, strict=True))
    config = trained.config
    return Codes(mean, log_variance if config.model.is_variational else None, error, config.weighs_kl)


def _encode_batch(trained: Trained, target: Tensor) -> tuple[Array, Array, Array]:
    """Mean, log-variance (an autoencoder's has no columns) and error of images (B, C, H, W) in [0, 1]."""
    posterior = trained.model.encode(target)
    picture = trained.likelihood.mean_image(trained.model.decode(posterior.mean))
    error = (picture - target).square().flatten(1).mean(dim=1)
    spread = posterior.mean[:, :0] if posterior.log_variance is None else posterior.log_variance
    return posterior.mean.numpy(), spread.numpy(), error.numpy()


@torch.no_grad()
def decode_images(trained: Trained, z: Array, *, batch_size: int = BATCH_SIZE) -> Array:
    """The mean images of codes as bytes: round(255 p(x | z)'s mean), clipped for a Gaussian, whose mean has no bounds.

    Args:
        trained: the model.
        z: (N, L), finite; N at least 1.
        batch_size: at least 1; only memory depends on it.

    Returns:
        (N, C, H, W) uint8.

    Raises:
        ConfigError: z has another length, or a number that is not finite.
    """
    latent = trained.model.latent
    if z.ndim != 2 or z.shape[1] != latent or not len(z) or not np.isfinite(z).all():
        raise ConfigError(
            f"A code of this model is {latent} finite number{'s' if latent > 1 else ''}, and this is none."
        )
    codes = torch.from_numpy(np.array(z, dtype=np.float32))
    parts = [codes[start : start + batch_size] for start in range(0, len(codes), batch_size)]
    pictures = [trained.likelihood.mean_image(trained.model.decode(part)) for part in parts]
    pixels: Array = torch.cat(pictures).clamp_(0, 1).mul_(255).round_().to(torch.uint8).numpy()
    return pixels


def carried(codes: Codes) -> Array:
    """How much each dimension carries, (L,) float64: mean KL(q || N(0, 1)) in nats, or of an autoencoder the variance."""
    if codes.log_variance is None:
        variance: Array = codes.mean.astype(np.float64).var(axis=0)
        return variance
    posterior = Posterior(torch.from_numpy(codes.mean).double(), torch.from_numpy(codes.log_variance).double())
    kl: Array = kl_per_dimension(posterior).mean(dim=0).numpy()
    return kl


def order(codes: Codes) -> Array:
    """The dimensions, counted from 0, from the one that carries most to the one that carries least: (L,) int64."""
    sorted_dimensions: Array = np.argsort(-carried(codes), kind="stable")
    return sorted_dimensions


def inactive(codes: Codes) -> Array:
    """Which dimensions do not depend on the image, (L,) bool: of a VAE those that are not active (`active.is_active`).

    An autoencoder's codes have no scale of their own, so its dimensions count as inactive only if their variance is next
    to nothing beside the largest.
    """
    if codes.log_variance is not None:
        return ~is_active(codes.mean)
    variances = carried(codes)
    still: Array = variances <= STILL_SHARE * variances.max()
    return still


def slider_range(codes: Codes, dimension: int) -> tuple[float, float]:
    """The ends of a dimension's slider, the lower below the upper.

    Of a VAE the prior's quantiles 0.001 and 0.999 (-3.09 and 3.09), whatever the dimension. For an autoencoder, and for a
    VAE trained without a KL, the prior says nothing of where the codes are: the quantiles 0.005 and 0.995 of the codes,
    widened on each side by a twentieth of their distance.
    """
    if codes.has_prior:
        end = NormalDist().inv_cdf(1 - TAIL)
        return -end, end
    low, high = np.quantile(codes.mean[:, dimension].astype(np.float64), [DATA_TAIL, 1 - DATA_TAIL]).tolist()
    room = max(WIDENED * (high - low), 1e-3 * max(1.0, abs(low)))  # a code that stands still needs two ends as well
    return low - room, high + room


def fitted_gaussian(codes: Codes) -> tuple[Array, Array]:
    """Mean (L,) and the symmetric square root of the covariance (L, L) of the codes, float32.

    What to draw an autoencoder's random codes from: it has no prior, so this stands in for one. Its dimensions are
    correlated, so the variances alone would draw codes that lie further from those of images.
    """
    mean = codes.mean.astype(np.float64)
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(mean, rowvar=False, bias=True)))
    root: Array = (axes * np.sqrt(variances.clip(min=0))) @ axes.T
    return mean.mean(axis=0).astype(np.float32), root.astype(np.float32)


def prior_warning(config: RunConfig) -> str:
    """One sentence where pictures drawn from the prior mean nothing, since the KL had no weight in training; else empty."""
    if not config.model.is_variational or config.weighs_kl:
        return ""
    return (
        f"This model was trained at {config.objective.kind.weight} 0, so nothing drew its codes towards the prior, and "
        "pictures decoded from draws of the prior mean nothing."
    )


def nearest(codes: Codes, z: Array, k: int) -> Array:
    """The k images whose codes are nearest to z (L,) by Euclidean distance, the nearest first: (k,) int64 indices.

    There are fewer where there are fewer images.
    """
    distances = np.linalg.norm(codes.mean.astype(np.float64) - np.asarray(z, dtype=np.float64), axis=1)
    closest: Array = np.argsort(distances, kind="stable")[:k]
    return closest


def csv_text(codes: Codes, labels: Sequence[int] | Array | Tensor, classes: Sequence[str]) -> str:
    """A table with a line an image: index, label (the class's name), z1 to zL, mse_per_pixel.

    A name that a spreadsheet would take for a formula stands behind an apostrophe.

    Args:
        codes: of N images.
        labels: (N,) indices into `classes`; -1 where there is none, which leaves the cell empty.
        classes: the names.
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
