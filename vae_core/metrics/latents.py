"""Analysis of codes: active units, PCA as the linear baseline, the betas at which dimensions collapse, neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vae_core.data.batches import to_float
from vae_core.errors import ConfigError, DataError
from vae_core.metrics.active import is_active
from vae_core.objectives.likelihoods import Likelihood
from vae_core.types import Array

MAX_WIDTH = 4096
"""The longest rows whose covariance is computed: 134 MB, and about a minute for its eigenvalues."""
CHUNK = 1000
FEWEST_IMAGES, AFFORDABLE = 10_000, 60_000 * 784**2
"""PCA as a baseline is fitted to all of a model's training images if that takes no more multiplications than for MNIST,
but always to at least this many images."""


def active_units(means: Tensor) -> int:
    """Returns the number of active dimensions (`active.is_active`) of posterior means (N, L)."""
    return int(is_active(means.cpu().numpy()).sum())


@dataclass(frozen=True, eq=False)
class Pca:
    """Principal components of rows of D numbers, largest first.

    Attributes:
        mean: (D,) float64.
        components: (k, D) float64, orthonormal.
        variances: (k,) float64, the variance of the rows along each component.
        count: the number of rows it was fitted to; 0 if it was not fitted.
    """

    mean: Tensor
    components: Tensor
    variances: Tensor
    count: int = 0

    @classmethod
    def fit(cls, rows: Tensor, components: int) -> Pca:
        """Fits rows (N, D), using the eigenvectors of their covariance.

        Raises:
            ConfigError: `components` is above D or below 1.
            DataError: there are no rows, or D is above `MAX_WIDTH`.
        """
        if not 1 <= components <= rows.shape[1]:
            raise ConfigError(f"PCA must have 1 to {rows.shape[1]} components here, not {components}.")
        mean, covariance = _moments(rows)
        variances, vectors = torch.linalg.eigh(covariance)
        largest, values = vectors.T.flip(0)[:components].contiguous(), variances.flip(0)[:components].clamp(min=0)
        return cls(mean, largest, values, len(rows))

    def first(self, components: int) -> Pca:
        """Returns the PCA with only the first components, 1 to k."""
        return Pca(self.mean, self.components[:components], self.variances[:components], self.count)

    def to_arrays(self) -> dict[str, Array]:
        """Returns `mean` (D,), `components` (k, D) and `variances` (k,) as float32, and `count`, for `from_arrays`."""
        parts = {"mean": self.mean, "components": self.components, "variances": self.variances}
        return {name: value.float().numpy() for name, value in parts.items()} | {"count": np.array(self.count)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Pca:
        """Restores a PCA from the result of `to_arrays`, in float64."""
        mean, components, variances = (
            torch.tensor(arrays[name]).double() for name in ("mean", "components", "variances")
        )
        return cls(mean, components, variances, int(arrays["count"]))

    def project(self, rows: Tensor) -> Tensor:
        """Projects rows (N, D) to codes (N, k), float64."""
        return (rows.double() - self.mean) @ self.components.T

    def reconstruct(self, codes: Tensor) -> Tensor:
        """Reconstructs rows (N, D), float64, from codes (N, k)."""
        return codes.double() @ self.components + self.mean

    def mse(self, rows: Tensor) -> float:
        """Returns the mean squared error per number of the reconstruction of rows (N, D)."""
        error = sum((self.reconstruct(self.project(part)) - part).square().sum().item() for part in _chunks(rows))
        return error / rows.numel()


def pca_training_images(images: Tensor, limit: int | None = None) -> Tensor:
    """Returns the training images for a PCA that is compared with a model, so that both have seen the same ones.

    Args:
        images: the training split, (N, C, H, W).
        limit: how many of them the model was trained on; None means all.

    Returns:
        The first `limit` images, (n, C, H, W), or fewer if images are large.
    """
    affordable = max(FEWEST_IMAGES, AFFORDABLE // images[0].numel() ** 2)
    return images[:limit][:affordable]


def collapse_beta(images: Tensor, likelihood: Likelihood) -> Tensor:
    """Returns the betas at which one more latent dimension is expected to collapse, in descending order; above the first,
    the whole code collapses.

    In the linear model a direction of the data is kept while its variance, in units of the likelihood's variance, exceeds
    beta. The thresholds are therefore the eigenvalues of V^-1/2 Cov V^-1/2, where V holds the pixels' variances under the
    likelihood at the mean image. For a Gaussian these are the eigenvalues of Cov / sigma^2 (Lucas et al. 2019, "Don't
    Blame the ELBO!", sec. 4).

    Args:
        images: `uint8`, (N, C, H, W).
        likelihood: a learned sigma is used at its current value.

    Returns:
        (C H W,) float64, at least 0.

    Raises:
        DataError: there are no images, or an image has more than `MAX_WIDTH` pixels.
    """
    mean, covariance = _moments(images.flatten(1))
    variance = likelihood.variance(mean)
    # a constant pixel may have no variance under the likelihood either, and contributes nothing
    scale = torch.where(variance > 0, variance, torch.inf).rsqrt()
    thresholds: Tensor = torch.linalg.eigvalsh(covariance * scale * scale[:, None])
    return thresholds.flip(0).clamp(min=0)


def label_neighbours(codes: Tensor, labels: Tensor, k: int = 5) -> float:
    """Returns the share of each code's k nearest neighbours that have its label, 0 to 1; higher means better separation.

    Args:
        codes: (N, L), N above k.
        labels: (N,).
        k: at least 1.

    Raises:
        DataError: there are no more than k codes.
    """
    if len(codes) <= k:
        raise DataError(f"The {k} nearest neighbours need more than {k} images, not {len(codes)}.")
    same = 0
    for start in range(0, len(codes), CHUNK):
        part = codes[start : start + CHUNK]
        # the faster matrix product is too imprecise to distinguish near neighbours
        distances = torch.cdist(part, codes, compute_mode="donot_use_mm_for_euclid_dist")
        distances[torch.arange(len(part)), torch.arange(start, start + len(part))] = torch.inf
        nearest = distances.topk(k, largest=False).indices
        same += int((labels[nearest] == labels[start : start + CHUNK, None]).sum())
    return same / (len(codes) * k)


def _moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Returns mean (D,) and covariance (D, D) of rows (N, D) in float64; `uint8` pixels are scaled to 0 to 1."""
    if len(rows) == 0:
        raise DataError("There are no images to analyse; give at least one.")
    if rows.shape[1] > MAX_WIDTH:
        raise DataError(
            f"This analysis supports up to {MAX_WIDTH} numbers per image, not {rows.shape[1]}; use smaller images."
        )
    mean = torch.zeros(rows.shape[1], dtype=torch.float64)
    for part in _chunks(rows):
        mean += part.sum(dim=0) / len(rows)
    covariance = torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)
    for part in _chunks(rows):
        covariance.addmm_((part - mean).T, part - mean)
    return mean, covariance.div_(len(rows))


def _chunks(rows: Tensor) -> Iterator[Tensor]:
    """Yields rows (n, D) in float64, few enough at a time to fit into memory."""
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        yield (to_float(part) if part.dtype == torch.uint8 else part).double()
