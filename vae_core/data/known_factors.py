"""Datasets of which it is known what made each image: the program's own sprites, and files of dSprites' form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vae_core.data import array_cache, dsprites, sprites
from vae_core.data.randomness import Stream, generator
from vae_core.errors import DataError
from vae_core.storage import files, paths
from vae_core.types import Array

NAMES = ("train_images", "train_labels", "test_images", "test_labels", "train_factors", "test_factors")
PIECE = 10_000
DRAWING = 1
"""Version of how sprites are drawn; a part of their folder's name in the cache, so that a change makes them anew."""


@dataclass(frozen=True, eq=False)
class Factors:
    """What made each image.

    Attributes:
        train, test: (images, k) int64, a class of each factor, 0 to its size less 1.
        names: of the k factors.
        sizes: how many classes each has, at least 2.
    """

    train: Tensor
    test: Tensor
    names: tuple[str, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Known:
    """A dataset in pieces.

    Attributes:
        parts: images and labels of both splits, by the names of a dataset's attributes.
        factors: what made the images.
        classes: the names of the labels, which are the shapes.
        digest: SHA-256 over all of it, in hexadecimal.
    """

    parts: dict[str, Tensor]
    factors: Factors
    classes: tuple[str, ...]
    digest: str


Progress = Callable[[str, float], None]
Paint = Callable[[Array], Array]
"""From rows, whatever they are, to the images (N, channels, height, width) uint8 of them."""


def load(name: str, progress: Progress | None = None) -> Known:
    """Made where the cache does not hold it yet.

    Args:
        name: as `sprites.parse_name` reads it, or the path of a dSprites file.
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        DataError: there is no such dataset, or the file is damaged.
    """
    spec = sprites.parse_name(name)
    if spec is not None:
        return _sprites(spec, progress)
    form = dsprites.look(name)
    if form is None:
        raise DataError(f"{name[:60]!r} is no dataset with known factors; choose sprites, or a file of dSprites' form.")
    return _dsprites(form, progress)


def _sprites(spec: sprites.Spec, progress: Progress | None) -> Known:
    def make() -> Mapping[str, array_cache.Plan]:
        numbers = sprites.combinations(spec, _order(int(np.prod(spec.sizes)), spec.seed))
        train, test = (sprites.factors_of(split, spec.width) for split in numbers)
        images = _Images((1, spec.width, spec.width), lambda factors: sprites.draw(factors, spec.width), progress)
        return {
            "train_images": images.plan(train),
            "test_images": images.plan(test),
            **_labels(train, test, sprites.FACTORS),
        }

    folder = f"sprites-{spec.width}-{spec.images}-{spec.seed}-{DRAWING}"
    arrays, digest = array_cache.load_or_make(paths.cache_folder() / "datasets" / folder, NAMES, make)
    return _known(arrays, digest, sprites.FACTORS, spec.sizes, sprites.SHAPES)


def _dsprites(form: dsprites.Form, progress: Progress | None) -> Known:
    def make() -> Mapping[str, array_cache.Plan]:
        content = dsprites.read(form)
        order = _order(form.images, 0)
        train, test = order[form.tested :], order[: form.tested]
        images = _Images((1, form.height, form.width), lambda rows: dsprites.unpack(content.bits[rows], form), progress)
        return {
            "train_images": images.plan(train),
            "test_images": images.plan(test),
            **_labels(content.factors[train], content.factors[test], content.names),
            "columns": array_cache.whole(content.columns),
        }

    if progress is not None:
        progress(f"reading {form.path.name}", 0.0)
    folder = f"dsprites-{files.file_digest(form.path)[:16]}"
    arrays, digest = array_cache.load_or_make(paths.cache_folder() / "datasets" / folder, (*NAMES, "columns"), make)
    names = tuple(form.names[column] for column in arrays["columns"])
    both = np.concatenate([arrays["train_factors"], arrays["test_factors"]])
    sizes = tuple(int(size) for size in both.max(axis=0) + 1)
    shapes = sizes[_label_column(names)]
    classes = dsprites.SHAPES if "shape" in names and shapes == len(dsprites.SHAPES) else map(str, range(shapes))
    return _known(arrays, digest, names, sizes, tuple(classes))


def _known(
    arrays: dict[str, Array], digest: str, names: tuple[str, ...], sizes: tuple[int, ...], classes: tuple[str, ...]
) -> Known:
    tensors = {name: torch.from_numpy(arrays[name]) for name in NAMES}
    factors = Factors(tensors.pop("train_factors"), tensors.pop("test_factors"), names, sizes)
    return Known(tensors, factors, classes, digest)


@dataclass(frozen=True, eq=False)
class _Images:
    """Plans images, piece by piece, and tells how far they are."""

    shape: tuple[int, int, int]
    paint: Paint
    progress: Progress | None

    def plan(self, rows: Array) -> array_cache.Plan:
        def pieces() -> Iterator[Array]:
            for start in range(0, len(rows), PIECE):
                yield self.paint(rows[start : start + PIECE])
                if self.progress is not None:
                    self.progress("making the images", min(1.0, (start + PIECE) / len(rows)))

        return array_cache.Plan(np.uint8, (len(rows), *self.shape), pieces)


def _labels(train: Array, test: Array, names: tuple[str, ...]) -> dict[str, array_cache.Plan]:
    column = _label_column(names)
    return {
        "train_labels": array_cache.whole(train[:, column]),
        "test_labels": array_cache.whole(test[:, column]),
        "train_factors": array_cache.whole(train),
        "test_factors": array_cache.whole(test),
    }


def _label_column(names: tuple[str, ...]) -> int:
    """The shape, else the first factor."""
    return names.index("shape") if "shape" in names else 0


def _order(count: int, seed: int) -> Array:
    order: Array = torch.randperm(count, generator=generator(seed, Stream.DATA)).numpy()
    return order
