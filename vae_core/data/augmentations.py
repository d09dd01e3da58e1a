"""Random changes to training images that leave what they show the same, so that few images go further.

All changes of an image are one affine map, drawn anew for each image and step; a pixel from outside the image is a copy of
the border, and values between pixels are interpolated linearly.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import Tensor
from torch.nn import functional

LARGEST_SHIFT = 0.1
"""As a share of the image's side, in each direction."""
LARGEST_ANGLE = math.radians(15)


def augment(images: Tensor, names: Collection[str], draw: torch.Generator) -> Tensor:
    """Changes each image at random.

    Args:
        images: `float32`, (batch, channels, height, width), in [0, 1]; not changed.
        names: any of `flip` (mirrored left to right, half of the images), `shift` (by whole pixels, up to `LARGEST_SHIFT`
            of the side) and `rotate` (about the centre, up to `LARGEST_ANGLE` either way).
        draw: of the device of the images. It draws the same numbers whatever the names.

    Returns:
        `float32`, the same shape, in [0, 1].
    """
    if not names:
        return images
    count, _, height, width = images.shape
    uniform = torch.rand(4, count, generator=draw, device=images.device) * 2 - 1
    size = torch.tensor([[width], [height]], device=images.device)
    pixels = (uniform[:2] * (LARGEST_SHIFT * size)).round() if "shift" in names else torch.zeros_like(uniform[:2])
    angle = uniform[2] * LARGEST_ANGLE if "rotate" in names else torch.zeros_like(uniform[2])
    mirror = torch.where(uniform[3] < 0, -1.0, 1.0) if "flip" in names else torch.ones_like(uniform[3])
    moved = 2 * pixels / size  # affine_grid measures the whole side as 2
    cosine, sine, ratio = angle.cos(), angle.sin(), height / width
    rows = [mirror * cosine, -sine * ratio, moved[0], mirror * sine / ratio, cosine, moved[1]]
    maps = torch.stack(rows, dim=1).view(count, 2, 3)
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False).clamp_(0, 1)
