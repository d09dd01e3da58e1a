"""Looking at codes: how many dimensions are active, PCA as the linear yardstick, where a code collapses, who is near."""

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
"""Numbers a row whose covariance is still computed: 134 MB, and about a minute for its eigenvalues."""
CHUNK = 1000
FEWEST_IMAGES, AFFORDABLE = 10_000, 60_000 * 784**2
"""PCA as a yardstick is fitted to all of a model's training images while that costs no more multiplications than MNIST
does, and to at least this many."""


def active_units(means: Tensor) -> int:
    """How many dimensions of posterior means (N, L) are active, as `active.is_active` defines it."""
    return int(is_active(means.cpu().numpy()).sum())


@dataclass(frozen=True, eq=False)
class Pca:
    """Principal components of rows of D numbers, the largest first.

    Attributes:
        mean: (D,) float64.
        components: (k, D) float64, orthonormal.
        variances: (k,) float64, of the rows along each component.
        count: rows that it was fitted to; 0 where it was not.
    """

    mean: Tensor
    components: Tensor
    variances: Tensor
    count: int = 0

    @classmethod
    def fit(cls, rows: Tensor, components: int) -> Pca:
        """Of rows (N, D), by the eigenvectors of their covariance.

        Raises:
            ConfigError: more components than D, or fewer than 1.
            DataError: there is no row, or D is above `MAX_WIDTH`.
        """
        if not 1 <= components <= rows.shape[1]:
            raise ConfigError(f"PCA must have 1 to {rows.shape[1]} components here, not {components}.")
        mean, covariance = _moments(rows)
        variances, vectors = torch.linalg.eigh(covariance)
        largest, values = vectors.T.flip(0)[:components].contiguous(), variances.flip(0)[:components].clamp(min=0)
        return cls(mean, largest, values, len(rows))

    def first(self, components: int) -> Pca:
        """The same with fewer components, 1 to k."""
        return Pca(self.mean, self.components[:components], self.variances[:components], self.count)

    def to_arrays(self) -> dict[str, Array]:
        """`mean` (D,), `components` (k, D) and `variances` (k,) as float32, and `count`; `from_arrays` reads them."""
        parts = {"mean": self.mean, "components": self.components, "variances": self.variances}
        return {name: value.float().numpy() for name, value in parts.items()} | {"count": np.array(self.count)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Pca:
        """The PCA that gave these arrays, in float64 again."""
        mean, components, variances = (
            torch.tensor(arrays[name]).double() for name in ("mean", "components", "variances")
        )
        return cls(mean, components, variances, int(arrays["count"]))

    def project(self, rows: Tensor) -> Tensor:
        """Rows (N, D) to codes (N, k), float64."""
        return (rows.double() - self.mean) @ self.components.T

    def reconstruct(self, codes: Tensor) -> Tensor:
        """Codes (N, k) to rows (N, D), float64."""
        return codes.double() @ self.components + self.mean

    def mse(self, rows: Tensor) -> float:
        """Mean squared error of the reconstruction of rows (N, D), per number."""
        error = sum((self.reconstruct(self.project(part)) - part).square().sum().item() for part in _chunks(rows))
        return error / rows.numel()


def yardstick_images(images: Tensor, limit: int | None = None) -> Tensor:
    """The training images that PCA is fitted to where it stands beside a model, so that it has seen as many.

    Args:
        images: the training split, (N, C, H, W).
        limit: how many of them the model was trained on; None for all.

    Returns:
        The first of them: all, or fewer where images are large.
    """
    affordable = max(FEWEST_IMAGES, AFFORDABLE // images[0].numel() ** 2)
    return images[:limit][:affordable]


def collapse_beta(images: Tensor, likelihood: Likelihood) -> Tensor:
    """The betas at which one more latent dimension is expected to collapse, sorted from the largest; above the first
    the whole code does.

    In the linear model a direction of the data is kept while its variance, in units of the likelihood's own, exceeds
    beta: the eigenvalues of V^-1/2 Cov V^-1/2, V being the pixels' variances under the likelihood at the mean image.
    For a Gaussian these are eigenvalues of Cov / sigma^2 (Lucas et al. 2019, "Don't Blame the ELBO!", sec. 4).

    Args:
        images: `uint8`, (N, C, H, W).
        likelihood: a learned sigma counts as it is now.

    Returns:
        (C H W,) float64, at least 0.

    Raises:
        DataError: there is no image, or an image has more than `MAX_WIDTH` pixels.
    """
    mean, covariance = _moments(images.flatten(1))
    variance = likelihood.variance(mean)
    # A pixel that never changes may have no variance under the likelihood either; it has nothing to keep.
    scale = torch.where(variance > 0, variance, torch.inf).rsqrt()
    thresholds: Tensor = torch.linalg.eigvalsh(covariance * scale * scale[:, None])
    return thresholds.flip(0).clamp(min=0)


def label_neighbours(codes: Tensor, labels: Tensor, k: int = 5) -> float:
    """Of the k nearest other codes of each code, the share with the same label, 0 to 1; higher is a tidier map.

    Args:
        codes: (N, L), N above k.
        labels: (N,).
        k: at least 1.

    Raises:
        DataError: there are not more codes than k.
    """
    if len(codes) <= k:
        raise DataError(f"The {k} nearest neighbours need more than {k} images, not {len(codes)}.")
    same = 0
    for start in range(0, len(codes), CHUNK):
        part = codes[start : start + CHUNK]
        # The faster way through a matrix product loses the digits that tell near neighbours apart.
        distances = torch.cdist(part, codes, compute_mode="donot_use_mm_for_euclid_dist")
        distances[torch.arange(len(part)), torch.arange(start, start + len(part))] = torch.inf
        nearest = distances.topk(k, largest=False).indices
        same += int((labels[nearest] == labels[start : start + CHUNK, None]).sum())
    return same / (len(codes) * k)


def _moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D) of rows (N, D) in float64; `uint8` pixels count as 0 to 1."""
    if len(rows) == 0:
        raise DataError("There is no image to analyse; give at least one.")
    if rows.shape[1] > MAX_WIDTH:
        raise DataError(
            f"This analysis takes up to {MAX_WIDTH} numbers an image, not {rows.shape[1]}; use smaller images."
        )
    mean = torch.zeros(rows.shape[1], dtype=torch.float64)
    for part in _chunks(rows):
        mean += part.sum(dim=0) / len(rows)
    covariance = torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)
    for part in _chunks(rows):
        covariance.addmm_((part - mean).T, part - mean)
    return mean, covariance.div_(len(rows))


def _chunks(rows: Tensor) -> Iterator[Tensor]:
    """In float64, few enough at a time for the memory."""
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        yield (to_float(part) if part.dtype == torch.uint8 else part).double()
