"""Damaging images on purpose, so that a model can learn to put them back: one function per corruption.

Names, units and ranges are in `registry/corruption_rows.py`, whose rows name these functions. Images are `float32` in
[0, 1] of any size, with 1 or 3 channels, and stay so. Every draw comes from the generator that is given, and the same
generator with another level damages the same places more or less. A model trained this way is a denoising autoencoder
(Vincent et al. 2008, "Extracting and composing robust features with denoising autoencoders").
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from vae_core.data.batches import to_float
from vae_core.data.marks import marks
from vae_core.data.pictures import LUMA
from vae_core.data.randomness import Stream, generator
from vae_core.registry.choice import resolve
from vae_core.registry.corruption_rows import CORRUPTIONS, check_channels, check_corruption

CHUNK = 500
_FIXED_DRAW = -1
"""The index of the first fixed draw in the stream of corruptions; training's are its steps, from 0 on."""
_LOWEST_16, _SHARE_16 = -(2**15), 2**16

Levels = Tensor
"""One level an image, (batch,) `float32`."""


def corrupt(images: Tensor, name: str, level: float | Tensor, draw: torch.Generator) -> Tensor:
    """Damages images in one way.

    Args:
        images: `float32`, (batch, channels, height, width), in [0, 1]; not changed.
        name: one of `CORRUPTIONS`.
        level: in the corruption's own unit, one for all or (batch,), one for each; greyscale ignores it.
        draw: of the device of the images.

    Returns:
        `float32`, the same shape, in [0, 1].

    Raises:
        ConfigError: the name is unknown, a level is out of its range, or the images have the wrong number of channels.
    """
    check_corruption([name], None)
    check_channels([name], images.shape[1])
    levels = torch.as_tensor(level, dtype=torch.float32)
    for end in (levels.min(), levels.max()) if levels.numel() else ():
        CORRUPTIONS[name].check_level(round(float(end), 6))
    damaged: Tensor = resolve(CORRUPTIONS[name].code)(images, levels.to(images.device).expand(len(images)), draw)
    return damaged


def corrupt_mixed(images: Tensor, names: Sequence[str], levels: tuple[float, float], draw: torch.Generator) -> Tensor:
    """Damages each image in one of several ways, drawn anew for each, at a level drawn evenly from low to high.

    Args:
        images: `float32`, (batch, channels, height, width), in [0, 1]; not changed.
        names: at least one of `CORRUPTIONS`.
        levels: the ends of the level; equal ones are a fixed level.
        draw: of the device of the images.

    Returns:
        `float32`, the same shape, in [0, 1].

    Raises:
        ConfigError: as for `corrupt`.
    """
    low, high = levels
    chosen: Tensor | float = low
    if low < high:
        chosen = torch.rand(len(images), generator=draw, device=images.device).mul_(high - low).add_(low)
    if len(names) == 1:
        return corrupt(images, names[0], chosen, draw)
    which = torch.randint(len(names), (len(images),), generator=draw, device=images.device)
    result = torch.empty_like(images)
    for number, name in enumerate(names):
        rows = (which == number).nonzero()[:, 0]
        if len(rows):
            part = chosen[rows] if isinstance(chosen, Tensor) else chosen
            result[rows] = corrupt(images[rows], name, part, draw)
    return result


def corrupt_split(images: Tensor, names: Sequence[str], levels: tuple[float, float], seed: int) -> Tensor:
    """Test images damaged once, for good: a fixed draw, whatever is evaluated or shown when.

    An image is damaged as the one at its place among the first N was, for N a multiple of `CHUNK`.

    Args:
        images: `uint8`, (images, channels, height, width).
        names, levels: as for `corrupt_mixed`; without a name the images come back as they are.
        seed: of the run, or any.

    Returns:
        `uint8`, the same shape: the damaged images rounded to bytes.
    """
    if not names:
        return images
    parts = []
    for number, start in enumerate(range(0, len(images), CHUNK)):
        draw = generator(seed, Stream.CORRUPTION, _FIXED_DRAW - number, images.device)
        damaged = corrupt_mixed(to_float(images[start : start + CHUNK]), names, levels, draw)
        parts.append(damaged.mul_(255).round_().to(torch.uint8))
    return torch.cat(parts) if parts else images


def gaussian(images: Tensor, levels: Levels, draw: torch.Generator) -> Tensor:
    """Noise of this standard deviation, then clipped."""
    noise = torch.empty_like(images).normal_(generator=draw)
    return noise.mul_(_each(levels)).add_(images).clamp_(0, 1)


def salt_and_pepper(images: Tensor, levels: Levels, draw: torch.Generator) -> Tensor:
    """This share of the pixels, half of them white and half black; in colour a pixel's channels go together."""
    bits = _sixteen_bits(images, draw)
    return (images * (bits >= _threshold(levels))).add_(bits < _threshold(levels / 2))


def masking(images: Tensor, levels: Levels, draw: torch.Generator) -> Tensor:
    return images * (_sixteen_bits(images, draw) >= _threshold(levels))


def block(images: Tensor, levels: Levels, draw: torch.Generator) -> Tensor:
    """A black block of this share of height and of width, whole within the image, its place drawn evenly."""
    inside = None
    for axis, length in ((2, images.shape[2]), (3, images.shape[3])):
        side = (levels * length).round()
        place = torch.rand(len(images), generator=draw, device=images.device)
        first = (place * (length - side + 1)).floor().clamp(max=length)
        at = torch.arange(length, device=images.device)
        within = (at >= first[:, None]) & (at < (first + side)[:, None])
        shaped = within[:, None, :, None] if axis == 2 else within[:, None, None, :]
        inside = shaped if inside is None else inside & shaped
    return images * ~inside if inside is not None else images


def blur(images: Tensor, levels: Levels, _draw: torch.Generator) -> Tensor:
    """A Gaussian of this sigma, cut at four of them, the image's border going on beyond it."""
    radius = math.ceil(4 * float(levels.max())) if len(levels) else 0
    if radius == 0:
        return images.clone()
    at = torch.arange(-radius, radius + 1, device=images.device)
    kernel = (-0.5 * (at / levels.clamp(min=1e-3)[:, None]).square()).exp()
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(images.shape[1], dim=0)
    rows = images.reshape(1, -1, *images.shape[2:])
    rows = functional.pad(rows, (0, 0, radius, radius), mode="replicate")
    rows = functional.conv2d(rows, kernel[:, None, :, None], groups=len(kernel))
    rows = functional.pad(rows, (radius, radius, 0, 0), mode="replicate")
    rows = functional.conv2d(rows, kernel[:, None, None, :], groups=len(kernel))
    return rows.reshape(images.shape).clamp_(0, 1)


def low_resolution(images: Tensor, levels: Levels, _draw: torch.Generator) -> Tensor:
    """Averaged into a picture this many times smaller (at least a pixel), and scaled back bilinearly."""
    height, width = images.shape[2:]
    result = torch.empty_like(images)
    sizes = torch.stack([(length / levels).round().clamp(min=1) for length in (height, width)], dim=1).int()
    for size in torch.unique(sizes, dim=0):
        rows = (sizes == size).all(dim=1)
        small = functional.adaptive_avg_pool2d(images[rows], tuple(size.tolist()))
        result[rows] = functional.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    return result.clamp_(0, 1)


def watermark(images: Tensor, levels: Levels, draw: torch.Generator) -> Tensor:
    """White marks of this opacity: which one, and where, is drawn for each image."""
    count, (height, width) = len(images), images.shape[2:]
    bank = marks(height, width).to(images.device)
    which = torch.randint(len(bank), (count,), generator=draw, device=images.device)
    # the middle of the mark falls anywhere into the middle four fifths of the image
    places = torch.rand(2, count, generator=draw, device=images.device).mul_(0.8).add_(0.1)
    rows = _window(places[0], height, bank.shape[1])
    columns = _window(places[1], width, bank.shape[2])
    mark = to_float(bank[which[:, None, None], rows[:, :, None], columns[:, None, :]])[:, None]
    return torch.lerp(images, torch.ones_like(images), mark.mul_(_each(levels)))


def without_colours(images: Tensor, _levels: Levels, _draw: torch.Generator) -> Tensor:
    return greyscale(images)


def greyscale(images: Tensor) -> Tensor:
    """The luma (Rec. 601) of images (batch, 3, height, width) in all three channels."""
    weights = torch.tensor(LUMA, dtype=torch.float32, device=images.device)[None, :, None, None]
    return (images * weights).sum(dim=1, keepdim=True).clamp_(0, 1).expand_as(images).clone()


def _each(levels: Levels) -> Tensor:
    return levels[:, None, None, None]


def _sixteen_bits(images: Tensor, draw: torch.Generator) -> Tensor:
    """An even draw from all `int16` a pixel, (batch, 1, height, width): four come in one number of 64 bits, in a
    fifth of the time that as many floats need."""
    shape = (len(images), 1, *images.shape[2:])
    numbers = torch.empty(-(-math.prod(shape) // 4), dtype=torch.int64, device=images.device)
    bits = numbers.random_(-(2**63), None, generator=draw).view(torch.int16)
    return bits[: math.prod(shape)].view(shape)


def _threshold(levels: Levels) -> Tensor:
    """The `int16` below which this share of them lies."""
    return _each((levels * _SHARE_16).round().add(_LOWEST_16).clamp(max=-_LOWEST_16 - 1).to(torch.int16))


def _window(place: Tensor, length: int, whole: int) -> Tensor:
    """Where to look in a canvas of `whole` pixels, so that its middle comes to this share of `length`: (batch, length)."""
    first = (whole / 2 - place * length).round().long().clamp(0, whole - length)
    return first[:, None] + torch.arange(length, device=place.device)
