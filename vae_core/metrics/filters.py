"""Simple opponents of a restoring model: classical filters, a chain of two, and linear restorers learned from examples.

Each is tuned for the damage at hand on images that are not those measured, alone and followed by a tone correction, since
clipped noise brightens a black background and no filter can know that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from skimage import filters, restoration

from vae_core.metrics.linear_restorers import MOST_NUMBERS, image_maps, patch_filters
from vae_core.types import Array

TONED = "-toned"
"""Added to a filter's name where a tone correction follows it."""
TV_STEPS = 60
PATCH, PATCH_DISTANCE = 5, 3


Strength = float | tuple[float, ...]
"""One number, or of a chain one for each filter."""
Restorer = Callable[[Array], Array]
"""From images (N, C, H, W) float32 in [0, 1] to the same shape; may leave the range."""
Examples = tuple[Array, Array]
"""The same images damaged and clean, both (N, C, H, W) uint8."""


@dataclass(frozen=True)
class Filter:
    """An opponent that is the same whatever the images are.

    Attributes:
        title: for people.
        strength_name: what its strength is, with its unit.
        strengths: those that are tried.
        function: from images (N, C, H, W) float32 in [0, 1] and a strength to the same shape.
    """

    title: str
    strength_name: str
    strengths: tuple[Strength, ...]
    function: Callable[..., Array] = field(repr=False)

    def restorers(self, _examples: Examples | None) -> Iterator[tuple[Strength, Restorer]]:
        for strength in self.strengths:
            yield strength, partial(self._restored, strength)

    def _restored(self, strength: Strength, images: Array) -> Array:
        return self.function(images, strength)


@dataclass(frozen=True)
class Learned:
    """An opponent that is learned from examples, once for each strength.

    Attributes:
        title, strength_name, strengths: as of `Filter`.
        fit: from examples and strengths to as many restorers.
        most_numbers: an image's, channels included, up to which it can be learned; None without a limit.
    """

    title: str
    strength_name: str
    strengths: tuple[float, ...]
    fit: Callable[[Array, Array, Sequence[float]], Iterator[Restorer]] = field(repr=False)
    most_numbers: int | None = None

    def restorers(self, examples: Examples | None) -> Iterator[tuple[Strength, Restorer]]:
        if examples is not None:
            yield from zip(self.strengths, self.fit(*examples, self.strengths), strict=True)


@dataclass(frozen=True, eq=False)
class Tuned:
    """An opponent with the strength that did best on other images.

    Attributes:
        name: its key in `FILTERS`, with `TONED` behind it where a tone correction follows.
        title: for people.
        strength: as found; unit in `FILTERS`.
        restorer: at this strength.
        tone: (4,) the cubic of the grey value, the constant last, or None.
    """

    name: str
    title: str
    strength: Strength
    restorer: Restorer = field(repr=False)
    tone: Array | None = field(default=None, repr=False)

    def apply(self, images: Array) -> Array:
        """Images (N, C, H, W) float32 in [0, 1] to the same shape and range."""
        return _corrected(self.restorer(images), self.tone)


def tuned_filters(
    corrupted: Array, clean: Array, examples: Examples | None = None, names: Sequence[str] | None = None
) -> dict[str, Tuned]:
    """Every opponent at the strength with the highest mean PSNR, alone and with the tone correction that fits it best.

    Args:
        corrupted, clean: (N, C, H, W) float32 in [0, 1], of training images; about a hundred are enough.
        examples: other training images, for those that learn; the more the better. None leaves these out.
        names: of `FILTERS`; left out, all that images of this size allow.

    Returns:
        By name: the opponent, then the opponent with `TONED` behind its name.
    """
    found: dict[str, Tuned] = {}
    for name in names_for(clean[0].size) if names is None else names:
        row, best = FILTERS[name], {False: -np.inf, True: -np.inf}
        for strength, restorer in row.restorers(examples):
            filtered = restorer(corrupted)
            tone = fitted_tone(filtered, clean)
            for toned in (False, True):
                score = _mean_psnr(_corrected(filtered, tone if toned else None), clean)
                if score > best[toned]:
                    best[toned] = score
                    key, title = (name + TONED, f"{row.title}, toned") if toned else (name, row.title)
                    found[key] = Tuned(key, title, strength, restorer, tone if toned else None)
    return found


def names_for(numbers: int) -> list[str]:
    """The names of the opponents for images of so many numbers, channels included."""
    return [
        name
        for name, row in FILTERS.items()
        if isinstance(row, Filter) or row.most_numbers is None or numbers <= row.most_numbers
    ]


def strength_text(strength: Strength) -> str:
    """'0.45', or of a chain '3 and 0.6'."""
    return " and ".join(f"{one:g}" for one in (strength if isinstance(strength, tuple) else (strength,)))


def fitted_tone(filtered: Array, clean: Array) -> Array:
    """The cubic of the grey value that brings filtered images nearest to the clean ones, by least squares: (4,)
    float64, the constant last."""
    powers = np.vander(filtered.ravel().astype(np.float64), 4)
    coefficients: Array = np.linalg.lstsq(powers, clean.ravel().astype(np.float64), rcond=None)[0]
    return coefficients


def _corrected(filtered: Array, tone: Array | None) -> Array:
    values = filtered if tone is None else np.polyval(tone, filtered)
    clipped: Array = np.clip(values, 0, 1).astype(np.float32)
    return clipped


def _mean_psnr(images: Array, clean: Array) -> float:
    error = np.square(images.astype(np.float64) - clean).mean(axis=(1, 2, 3))
    return float(-10 * np.log10(np.maximum(error, 1e-10)).mean())


def _median(images: Array, strength: Strength) -> Array:
    side = int(_one(strength))
    filtered: Array = filters.median(images, np.ones((1, 1, side, side)))  # type: ignore[no-untyped-call]
    return filtered


def _gaussian(images: Array, strength: Strength) -> Array:
    sigma = _one(strength)
    filtered: Array = filters.gaussian(images, (0, 0, sigma, sigma))  # type: ignore[no-untyped-call]
    return filtered


def _median_gaussian(images: Array, strength: Strength) -> Array:
    """The median takes single wrong pixels away, the Gaussian evens out the rest."""
    assert isinstance(strength, tuple)
    side, sigma = strength
    return _gaussian(_median(images, side), sigma)


def _total_variation(images: Array, strength: Strength) -> Array:
    """Chambolle 2004, "An algorithm for total variation minimization and applications"."""
    done = []
    for image in images:
        filtered = restoration.denoise_tv_chambolle(  # type: ignore[no-untyped-call]
            image, _one(strength), max_num_iter=TV_STEPS, channel_axis=0
        )
        done.append(filtered)
    return np.stack(done)


def _non_local_means(images: Array, strength: Strength) -> Array:
    """Buades et al. 2005, "A non-local algorithm for image denoising", with weights by patches of 5 x 5 pixels."""
    # channels last, since with channel_axis=0 scikit-image 0.26 filters along the wrong axes
    turned = [np.ascontiguousarray(image.transpose(1, 2, 0)) for image in images]
    done = [
        restoration.denoise_nl_means(image, PATCH, PATCH_DISTANCE, _one(strength), channel_axis=-1).reshape(image.shape)
        for image in turned
    ]
    return np.stack([image.transpose(2, 0, 1) for image in done])


def _one(strength: Strength) -> float:
    assert not isinstance(strength, tuple)
    return strength


FILTERS: dict[str, Filter | Learned] = {
    "median": Filter("Median", "side, in pixels", (1, 3, 5, 7, 11), _median),
    "gaussian": Filter("Gaussian", "sigma, in pixels", (0.3, 0.45, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 4.0), _gaussian),
    "total-variation": Filter(
        "Total variation", "weight", (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0, 2.5), _total_variation
    ),
    "non-local-means": Filter(
        "Non-local means",
        "h, of the pixel range 0 to 1",
        (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1.0),
        _non_local_means,
    ),
    "median-gaussian": Filter(
        "Median, then Gaussian",
        "side and sigma, in pixels",
        tuple((side, sigma) for side in (3.0, 5.0, 7.0) for sigma in (0.3, 0.45, 0.6, 0.8, 1.0, 1.5)),
        _median_gaussian,
    ),
    "ridge-patches": Learned("Ridge regression, patches", "side of a patch, in pixels", (3, 5, 9), patch_filters),
    "ridge-image": Learned(
        "Ridge regression, whole image",
        "penalty per image, for pixels from 0 to 1",
        (1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0),
        image_maps,
        MOST_NUMBERS,
    ),
}
"""All opponents by their names."""
