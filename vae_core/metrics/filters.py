"""Classical filters as honest opponents of a denoising model: each tuned for the damage at hand on other images, and
each also followed by a tone correction, since clipped noise brightens a black background and no filter can know that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from skimage import filters, restoration

from vae_core.types import Array

TONED = "-toned"
"""Added to a filter's name where a tone correction follows it."""
TV_STEPS = 60
PATCH, PATCH_DISTANCE = 5, 3


@dataclass(frozen=True)
class Filter:
    """A classical filter.

    Attributes:
        title: for people.
        strength_name: what its strength is, with its unit.
        strengths: those that are tried.
        function: from images (N, C, H, W) float32 in [0, 1] and a strength to the same shape.
    """

    title: str
    strength_name: str
    strengths: tuple[float, ...]
    function: Callable[[Array, float], Array] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Tuned:
    """A filter with the strength that did best on other images.

    Attributes:
        name: the filter's, with `TONED` behind it where a tone correction follows.
        title: for people.
        strength: as found; unit in `FILTERS`.
        tone: (4,) the cubic of the grey value, the constant last, or None.
    """

    name: str
    title: str
    strength: float
    tone: Array | None = field(default=None, repr=False)

    def apply(self, images: Array) -> Array:
        """Images (N, C, H, W) float32 in [0, 1] to the same shape and range."""
        filtered = FILTERS[self.name.removesuffix(TONED)].function(images, self.strength)
        return _corrected(filtered, self.tone)


def tuned_filters(corrupted: Array, clean: Array, names: Sequence[str] | None = None) -> dict[str, Tuned]:
    """Every filter at the strength with the highest mean PSNR, alone and with the tone correction that fits it best.

    Args:
        corrupted, clean: (N, C, H, W) float32 in [0, 1], of training images; about a hundred are enough.
        names: of `FILTERS`; left out, all.

    Returns:
        By name: the filter, then the filter with `TONED` behind its name.
    """
    found: dict[str, Tuned] = {}
    for name in FILTERS if names is None else names:
        row, best = FILTERS[name], {False: -np.inf, True: -np.inf}
        for strength in row.strengths:
            filtered = row.function(corrupted, strength)
            tone = fitted_tone(filtered, clean)
            for toned in (False, True):
                score = _mean_psnr(_corrected(filtered, tone if toned else None), clean)
                if score > best[toned]:
                    best[toned] = score
                    key, title = (name + TONED, f"{row.title}, toned") if toned else (name, row.title)
                    found[key] = Tuned(key, title, strength, tone if toned else None)
    return found


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


def _median(images: Array, strength: float) -> Array:
    side = int(strength)
    filtered: Array = filters.median(images, np.ones((1, 1, side, side)))  # type: ignore[no-untyped-call]
    return filtered


def _gaussian(images: Array, strength: float) -> Array:
    filtered: Array = filters.gaussian(images, (0, 0, strength, strength))  # type: ignore[no-untyped-call]
    return filtered


def _total_variation(images: Array, strength: float) -> Array:
    """Chambolle 2004, "An algorithm for total variation minimization and applications"."""
    done = []
    for image in images:
        filtered = restoration.denoise_tv_chambolle(  # type: ignore[no-untyped-call]
            image, strength, max_num_iter=TV_STEPS, channel_axis=0
        )
        done.append(filtered)
    return np.stack(done)


def _non_local_means(images: Array, strength: float) -> Array:
    """Buades et al. 2005, "A non-local algorithm for image denoising", with weights by patches of 5 x 5 pixels."""
    # channels last, since with channel_axis=0 scikit-image 0.26 filters along the wrong axes
    turned = [np.ascontiguousarray(image.transpose(1, 2, 0)) for image in images]
    done = [
        restoration.denoise_nl_means(image, PATCH, PATCH_DISTANCE, strength, channel_axis=-1).reshape(image.shape)
        for image in turned
    ]
    return np.stack([image.transpose(2, 0, 1) for image in done])


FILTERS: dict[str, Filter] = {
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
}
