"""Baselines for restoration: classical filters, a chain of two filters, and linear restorers learned from examples.

Each is tuned for the given corruption on images other than those measured, both alone and followed by a tone correction,
because clipped noise brightens a black background, which no filter can know.
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
"""Suffix of the name of a baseline that is followed by a tone correction."""
TV_STEPS = 60
PATCH, PATCH_DISTANCE = 5, 3


Strength = float | tuple[float, ...]
"""One number, or one per filter of a chain."""
Restorer = Callable[[Array], Array]
"""Maps images (N, C, H, W) float32 in [0, 1] to the same shape; the result may leave the range."""
Examples = tuple[Array, Array]
"""The same images corrupted and clean, both (N, C, H, W) uint8."""


@dataclass(frozen=True)
class Filter:
    """A baseline that is not learned from images.

    Attributes:
        title: display name.
        strength_name: the meaning of its strength, with the unit.
        strengths: the candidates among which it is tuned.
        function: maps images (N, C, H, W) float32 in [0, 1] and a strength to the same shape.
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
    """A baseline that is learned from examples, once per strength.

    Attributes:
        title, strength_name, strengths: as for `Filter`.
        fit: returns one restorer per strength, learned from corrupted and clean examples (N, C, H, W) uint8.
        most_numbers: the largest number of values per image, channels included, for which it can be learned; None if
            there is no limit.
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
    """A baseline with the strength that was best on the tuning images.

    Attributes:
        name: its key in `BASELINES`, followed by `TONED` if a tone correction is applied.
        title: display name.
        strength: the best one; its unit is in `BASELINES`.
        restorer: at this strength.
        tone: (4,) the coefficients of the cubic tone correction, the constant last, or None.
    """

    name: str
    title: str
    strength: Strength
    restorer: Restorer = field(repr=False)
    tone: Array | None = field(default=None, repr=False)

    def apply(self, images: Array) -> Array:
        """Restores images (N, C, H, W) float32 in [0, 1]; same shape and range."""
        return _corrected(self.restorer(images), self.tone)


def tuned_baselines(
    corrupted: Array, clean: Array, examples: Examples | None = None, names: Sequence[str] | None = None
) -> dict[str, Tuned]:
    """Tunes baselines for the highest mean PSNR, each alone and with the best-fitting tone correction.

    Args:
        corrupted, clean: (N, C, H, W) float32 in [0, 1], training images; about a hundred are enough.
        examples: other training images for the learned baselines, the more the better; None omits these baselines.
        names: keys of `BASELINES`; None selects all that are possible for images of this size.

    Returns:
        By name: each baseline, followed by the same with `TONED` appended to its name.
    """
    tuned: dict[str, Tuned] = {}
    for name in names_for(clean[0].size) if names is None else names:
        row, best = BASELINES[name], {False: -np.inf, True: -np.inf}
        for strength, restorer in row.restorers(examples):
            filtered = restorer(corrupted)
            tone = fitted_tone(filtered, clean)
            for toned in (False, True):
                score = _mean_psnr(_corrected(filtered, tone if toned else None), clean)
                if score > best[toned]:
                    best[toned] = score
                    key, title = (name + TONED, f"{row.title}, toned") if toned else (name, row.title)
                    tuned[key] = Tuned(key, title, strength, restorer, tone if toned else None)
    return tuned


def names_for(numbers: int) -> list[str]:
    """Returns the names of the baselines possible for images of so many values, channels included."""
    return [
        name
        for name, row in BASELINES.items()
        if isinstance(row, Filter) or row.most_numbers is None or numbers <= row.most_numbers
    ]


def strength_text(strength: Strength) -> str:
    """Formats a strength: '0.45', or for a chain '3 and 0.6'."""
    return " and ".join(f"{number:g}" for number in (strength if isinstance(strength, tuple) else (strength,)))


def fitted_tone(filtered: Array, clean: Array) -> Array:
    """Fits the cubic of the grey value that brings filtered images closest to the clean ones, by least squares.

    Args:
        filtered, clean: of the same shape, in [0, 1].

    Returns:
        (4,) float64, the coefficients, the constant last.
    """
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
    side = int(_single(strength))
    filtered: Array = filters.median(images, np.ones((1, 1, side, side)))  # type: ignore[no-untyped-call]
    return filtered


def _gaussian(images: Array, strength: Strength) -> Array:
    sigma = _single(strength)
    filtered: Array = filters.gaussian(images, (0, 0, sigma, sigma))  # type: ignore[no-untyped-call]
    return filtered


def _median_gaussian(images: Array, strength: Strength) -> Array:
    """The median removes isolated wrong pixels, the Gaussian smooths the rest."""
    assert isinstance(strength, tuple)
    side, sigma = strength
    return _gaussian(_median(images, side), sigma)


def _total_variation(images: Array, strength: Strength) -> Array:
    """Chambolle 2004, "An algorithm for total variation minimization and applications"."""
    done = []
    for image in images:
        filtered = restoration.denoise_tv_chambolle(  # type: ignore[no-untyped-call]
            image, _single(strength), max_num_iter=TV_STEPS, channel_axis=0
        )
        done.append(filtered)
    return np.stack(done)


def _non_local_means(images: Array, strength: Strength) -> Array:
    """Buades et al. 2005, "A non-local algorithm for image denoising", with weights by patches of 5 x 5 pixels."""
    # channels last, because with channel_axis=0 scikit-image 0.26 filters along the wrong axes
    channels_last = [np.ascontiguousarray(image.transpose(1, 2, 0)) for image in images]
    done = [
        restoration.denoise_nl_means(image, PATCH, PATCH_DISTANCE, _single(strength), channel_axis=-1).reshape(
            image.shape
        )
        for image in channels_last
    ]
    return np.stack([image.transpose(2, 0, 1) for image in done])


def _single(strength: Strength) -> float:
    assert not isinstance(strength, tuple)
    return strength


BASELINES: dict[str, Filter | Learned] = {
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
"""All baselines by name."""
