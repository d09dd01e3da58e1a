"""Active units: the dimensions of a VAE's code that depend on the image. This is their only definition.

Does not import torch, so that live pages can count them too.
"""

from __future__ import annotations

import numpy as np

from vae_core.types import Array

ACTIVE_VARIANCE = 0.01


def is_active(means: Array) -> Array:
    """Returns which dimensions are active: those whose posterior mean varies over the images by more than 0.01 (variance).

    Burda et al. 2016, "Importance Weighted Autoencoders", sec. 5.2. The KL of a dimension indicates almost the same, but it
    is also above 0 for a posterior that differs from the prior in the same way for every image and so carries no
    information about it.

    Args:
        means: (N, L), posterior means of N images.

    Returns:
        (L,) bool.
    """
    active: Array = np.var(means, axis=0, dtype=np.float64) > ACTIVE_VARIANCE
    return active
