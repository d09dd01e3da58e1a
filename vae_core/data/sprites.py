"""Images that the program draws itself, so that what made each one is known: a binary shape at a place.

Five factors, each drawn with equal chances and independent of the others: the shape (square, ellipse, L), its scale, its
orientation and its place across and down. After the idea of dSprites (Matthey et al. 2017), drawn anew.

**Orientation is counted within what can be seen.** A square turned by 90 degrees is the same picture, an ellipse by 180;
only the L, which has no symmetry, shows all 360. Class k of n orientations is therefore an angle of k/n of the shape's own
visible range. So every shape has as many orientations, no two classes of any factor give one picture, and the factors
stay independent of each other, which the metrics of disentanglement assume.

Imports no torch unless images are read: the list of datasets needs the names.
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
"""How far each shape can be turned before it looks as it did."""
SCALES, ORIENTATIONS = 6, 8
SMALLEST = 0.5
"""The smallest scale, as a share of the largest."""
FACTORS = ("shape", "scale", "orientation", "x", "y")
MIN_WIDTH, MAX_WIDTH, MAX_IMAGES = 28, 64, 1_000_000
MOST_TESTED = 10_000
OFF_GRID = (0.31, 0.17)
"""Pixels by which a shape's middle is moved off the grid's: what is symmetric on the grid could look alike in two classes,
and an edge through pixels' middles would be decided by rounding."""
DRAWING = 1
"""Version of how sprites are drawn: part of their key in the cache, so that a change makes them anew."""
_NAME = re.compile(r"sprites(?:-(\d{1,9})(?:-(\d{1,9})(?:-(\d{1,10}))?)?)?")


@dataclass(frozen=True)
class Spec:
    """Which sprites.

    Attributes:
        width: of the square images in pixels, 28 to 64.
        images: training images, 6 to 1,000,000.
        seed: which of them, 0 to 2^32 - 1.
    """

    width: int = 32
    images: int = 30_000
    seed: int = 0

    @property
    def tested(self) -> int:
        """Test images: a sixth as many as training images, at most 10,000."""
        return min(MOST_TESTED, self.images // 6)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many classes each of `FACTORS` has; all shapes fit into the image at each of the places."""
        places = self.width // 2
        return (len(SHAPES), SCALES, ORIENTATIONS, places, places)


def parse_name(name: str) -> Spec | None:
    """What `sprites`, `sprites-WIDTH`, `sprites-WIDTH-IMAGES` or `sprites-WIDTH-IMAGES-SEED` asks for; else None.

    Raises:
        DataError: it has that form, and a number is out of its range.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    given = [int(number) for number in found.groups() if number is not None]
    spec = Spec(*given)
    ranges = ((spec.width, MIN_WIDTH, MAX_WIDTH), (spec.images, 6, MAX_IMAGES), (spec.seed, 0, 2**32 - 1))
    if not all(low <= value <= high for value, low, high in ranges):
        raise DataError(
            f"Sprites are asked for as sprites-WIDTH-IMAGES-SEED with a width of {MIN_WIDTH} to {MAX_WIDTH} pixels, "
            f"6 to {MAX_IMAGES} images and a seed of 0 to {2**32 - 1}, not as {name!r}."
        )
    return spec


@dataclass(frozen=True, kw_only=True)
class SpriteSource(Source):
    """Sprites of one size, drawn into the cache."""

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
    """The sprites that a name asks for, as `parse_name` reads it; None if it is no name of sprites.

    Raises:
        DataError: a number in it is out of its range.
    """
    spec = parse_name(name)
    return None if spec is None else source(name, spec)


def source(name: str, spec: Spec) -> SpriteSource:
    """Sprites as a dataset of that name."""
    return SpriteSource(
        name=name,
        title=f"Sprites of {spec.width} x {spec.width}, their factors known",
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
    """The factors of some of all the combinations that there are.

    Args:
        numbers: (N,) integers, 0 to the product of `Spec.sizes` less 1.
        width: of the images.

    Returns:
        (N, 5) int64, in the order of `FACTORS`.
    """
    return np.stack(np.unravel_index(numbers, Spec(width).sizes), axis=1).astype(np.int64)


def combinations(spec: Spec, order: Array) -> tuple[Array, Array]:
    """Which combinations of factors the training and the test images show.

    None is in both splits, and in a split none comes again before all have come.

    Args:
        spec: how many.
        order: a permutation of all combinations.

    Returns:
        Numbers for `factors_of`, (images,) and (tested,).
    """
    return np.resize(order[spec.tested :], spec.images), order[: spec.tested]


def draw(factors: Array, width: int) -> Array:
    """The images of some factors.

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
    # an image is one piece of its strip, which begins higher up the lower the shape is to stand
    step = table.strides[1]
    pieces = np.lib.stride_tricks.as_strided(
        table, (len(table), places, width * width), (table.strides[0], step, 1), writeable=False
    )
    images: Array = pieces[strip, places - 1 - y].reshape(len(factors), 1, width, width)
    return images


@lru_cache(maxsize=2)
def strips(width: int) -> Array:
    """Every shape, scale and orientation at every place across, with room above and below.

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
    """Every shape, scale and orientation, in that order: (n, extent, extent) uint8, 0 or 255."""
    extent = width - width // 2 + 1
    down, across = np.mgrid[:extent, :extent] - (extent - 1) / 2
    found = []
    for number, visible in enumerate(VISIBLE_DEGREES):
        for scale in np.linspace(SMALLEST, 1.0, SCALES):
            for turn in range(ORIENTATIONS):
                angle = math.radians(visible * turn / ORIENTATIONS)
                right, up = (across - OFF_GRID[0]) * 2 / (extent * scale), (OFF_GRID[1] - down) * 2 / (extent * scale)
                u = right * math.cos(angle) + up * math.sin(angle)
                v = up * math.cos(angle) - right * math.sin(angle)
                found.append(_inside(number, u, v))
    return np.stack(found).astype(np.uint8) * np.uint8(255)


def _inside(shape: int, u: Array, v: Array) -> Array:
    """Which points lie in a shape; all three reach to the unit circle and not beyond it."""
    if shape == 0:
        inside: Array = np.maximum(abs(u), abs(v)) <= math.sqrt(0.5)
    elif shape == 1:
        inside = u**2 + (v / 0.5) ** 2 <= 1
    else:
        stem = (u >= -0.6) & (u <= -0.1) & (abs(v) <= 0.8)
        inside = stem | ((u >= -0.6) & (u <= 0.6) & (v >= -0.8) & (v <= -0.35))
    return inside
