"""Sprites: binary shapes drawn by the program itself, so that the generative factors of each image are known.

There are five factors, drawn uniformly and independently: shape (square, ellipse, L), scale, orientation, and horizontal
and vertical position. The idea is that of dSprites (Matthey et al. 2017); the images are drawn anew.

**Orientations cover each shape's visible range.** A square rotated by 90 degrees is the same picture, an ellipse by 180;
only the L, which has no symmetry, shows all 360. Class k of n orientations is therefore an angle of k/n of the shape's own
visible range. So all shapes have the same number of orientations, no two classes of a factor give the same picture, and
the factors remain independent, as the metrics of disentanglement assume.

Imports torch only when images are read, because the list of datasets needs the names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from vae_core.data import array_cache, factors
from vae_core.data.source import Content, Source, Where
from vae_core.errors import DataError
from vae_core.types import Array, Report

SHAPES = ("square", "ellipse", "L")
VISIBLE_DEGREES = (90, 180, 360)
"""The angle by which each shape can be rotated before it looks the same again."""
SCALES, ORIENTATIONS = 6, 8
SMALLEST = 0.5
"""The smallest scale, as a share of the largest."""
FACTORS = ("shape", "scale", "orientation", "x", "y")
MIN_WIDTH, MAX_WIDTH, MAX_IMAGES = 28, 64, 1_000_000
MOST_TESTED = 10_000
OFF_GRID = (0.31, 0.17)
"""Offset in pixels of a shape's centre from the grid's. A shape symmetric on the grid could look alike in two classes, and
rounding would decide about an edge through the centres of pixels."""
DRAWING = 1
"""Version of the drawing code: part of the key in the cache, so that changed sprites are drawn again."""
_NAME = re.compile(r"sprites(?:-(\d{1,9})(?:-(\d{1,9})(?:-(\d{1,10}))?)?)?")


@dataclass(frozen=True)
class Spec:
    """The specification of a dataset of sprites.

    Attributes:
        width: of the square images in pixels, 28 to 64.
        images: number of training images, 6 to 1,000,000.
        seed: selects the combinations of factors, 0 to 2^32 - 1.
    """

    width: int = 32
    images: int = 30_000
    seed: int = 0

    @property
    def tested(self) -> int:
        """The number of test images: a sixth of that of training images, at most 10,000."""
        return min(MOST_TESTED, self.images // 6)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of classes of each of `FACTORS`; every shape fits into the image at every position."""
        places = self.width // 2
        return (len(SHAPES), SCALES, ORIENTATIONS, places, places)


def parse_name(name: str) -> Spec | None:
    """Parses `sprites`, `sprites-WIDTH`, `sprites-WIDTH-IMAGES` or `sprites-WIDTH-IMAGES-SEED`; None for any other name.

    Raises:
        DataError: a number in the name is out of its range.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    numbers = [int(number) for number in match.groups() if number is not None]
    spec = Spec(*numbers)
    ranges = ((spec.width, MIN_WIDTH, MAX_WIDTH), (spec.images, 6, MAX_IMAGES), (spec.seed, 0, 2**32 - 1))
    if not all(low <= value <= high for value, low, high in ranges):
        raise DataError(
            f"Sprites are named sprites-WIDTH-IMAGES-SEED with a width of {MIN_WIDTH} to {MAX_WIDTH} pixels, "
            f"6 to {MAX_IMAGES} images and a seed of 0 to {2**32 - 1}, not {name!r}."
        )
    return spec


@dataclass(frozen=True, kw_only=True)
class SpriteSource(Source):
    """Sprites of a specification, drawn into the cache."""

    spec: Spec

    def where(self, data_folder: Path) -> Where:
        return "drawn by the program"

    def read(self, data_folder: Path, report: Report) -> Content:
        spec = self.spec

        def plan() -> Mapping[str, array_cache.Plan]:
            numbers = combinations(spec, factors.shuffled(math.prod(spec.sizes), spec.seed))
            train, test = (factors_of(split, spec.width) for split in numbers)
            images = factors.ImagePlans(self.shape, lambda rows: draw(rows, spec.width), report)
            labels = factors.label_plans(train, test, FACTORS)
            return {"train_images": images.plan(train), "test_images": images.plan(test), **labels}

        key = f"sprites-{spec.width}-{spec.images}-{spec.seed}-{DRAWING}"
        arrays, digest = array_cache.load_or_make(key, factors.NAMES, plan)
        return Content(arrays, SHAPES, digest, FACTORS, spec.sizes)


def source_of(name: str) -> SpriteSource | None:
    """Returns the sprites of a name as parsed by `parse_name`; None if it is not a name of sprites.

    Raises:
        DataError: a number in the name is out of its range.
    """
    spec = parse_name(name)
    return None if spec is None else source(name, spec)


def source(name: str, spec: Spec) -> SpriteSource:
    """Returns sprites as a dataset of that name."""
    return SpriteSource(
        name=name,
        title=f"Sprites of {spec.width} x {spec.width}, with known factors",
        origin="Drawn by this program",
        licence="that of this program",
        shape=(1, spec.width, spec.width),
        train=spec.images,
        test=spec.tested,
        classes=SHAPES,
        has_factors=True,
        spec=spec,
    )


def factors_of(numbers: Array, width: int) -> Array:
    """Returns the factors of combinations given by number.

    Args:
        numbers: (N,) integers, 0 to the product of `Spec.sizes` - 1.
        width: of the images.

    Returns:
        (N, 5) int64, in the order of `FACTORS`.
    """
    return np.stack(np.unravel_index(numbers, Spec(width).sizes), axis=1).astype(np.int64)


def combinations(spec: Spec, order: Array) -> tuple[Array, Array]:
    """Returns the combinations of factors that the training and the test images show.

    No combination is in both splits, and none is repeated in a split before all its others have appeared.

    Args:
        spec: the specification.
        order: (combinations,) integers, a permutation of all combinations.

    Returns:
        Numbers for `factors_of`, (images,) and (tested,).
    """
    return np.resize(order[spec.tested :], spec.images), order[: spec.tested]


def draw(factors: Array, width: int) -> Array:
    """Draws the images of some factors.

    Args:
        factors: (N, 5) int64, each within `Spec.sizes`.
        width: of the images, 28 to 64.

    Returns:
        (N, 1, width, width) uint8, 0 or 255.
    """
    places = width // 2
    table = strips(width)
    shape, scale, orientation, x, y = factors.T
    strip = ((shape * SCALES + scale) * ORIENTATIONS + orientation) * places + x
    # an image is a window of its strip: the lower the shape's position, the higher up the window begins
    step = table.strides[1]
    pieces = np.lib.stride_tricks.as_strided(
        table, (len(table), places, width * width), (table.strides[0], step, 1), writeable=False
    )
    images: Array = pieces[strip, places - 1 - y].reshape(len(factors), 1, width, width)
    return images


@lru_cache(maxsize=2)
def strips(width: int) -> Array:
    """Returns every shape, scale and orientation at every horizontal position, with room above and below.

    Returns:
        (shapes x scales x orientations x places, rows, width) uint8.
    """
    bank, places = masks(width), width // 2
    extent = bank.shape[-1]
    table = np.zeros((len(bank), places, extent + 2 * (places - 1), width), np.uint8)
    for x in range(places):
        table[:, x, places - 1 : places - 1 + extent, x : x + extent] = bank
    return table.reshape(len(bank) * places, -1, width)


def masks(width: int) -> Array:
    """Returns every shape, scale and orientation, in that order: (n, extent, extent) uint8, 0 or 255."""
    extent = width - width // 2 + 1
    down, across = np.mgrid[:extent, :extent] - (extent - 1) / 2
    drawn = []
    for number, visible in enumerate(VISIBLE_DEGREES):
        for scale in np.linspace(SMALLEST, 1.0, SCALES):
            for turn in range(ORIENTATIONS):
                angle = math.radians(visible * turn / ORIENTATIONS)
                right, up = (across - OFF_GRID[0]) * 2 / (extent * scale), (OFF_GRID[1] - down) * 2 / (extent * scale)
                u = right * math.cos(angle) + up * math.sin(angle)
                v = up * math.cos(angle) - right * math.sin(angle)
                drawn.append(_inside(number, u, v))
    return np.stack(drawn).astype(np.uint8) * np.uint8(255)


def _inside(shape: int, u: Array, v: Array) -> Array:
    """Returns which points lie in a shape; all three shapes touch the unit circle and lie within it."""
    if shape == 0:
        inside: Array = np.maximum(abs(u), abs(v)) <= math.sqrt(0.5)
    elif shape == 1:
        inside = u**2 + (v / 0.5) ** 2 <= 1
    else:
        stem = (u >= -0.6) & (u <= -0.1) & (abs(v) <= 0.8)
        inside = stem | ((u >= -0.6) & (u <= 0.6) & (v >= -0.8) & (v <= -0.35))
    return inside
