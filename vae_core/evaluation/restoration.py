"""How well a model puts damaged images back, beside what can be had without one.

Quality is PSNR (range 1, in dB) and SSIM (Wang et al. 2004, "Image quality assessment: from error visibility to
structural similarity", with windows of 7 x 7 pixels), both means over images. A bottleneck cannot beat its own
reconstruction of the clean image, so that is measured too: where the damage is light, a classical filter may win.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from vae_core.data.batches import binarize_split, held_out, to_float
from vae_core.data.corruptions import corrupt, corrupt_split, greyscale
from vae_core.data.datasets import Dataset
from vae_core.data.randomness import Stream, generator
from vae_core.data.relocation import load_run_dataset
from vae_core.errors import ConfigError, DataError
from vae_core.evaluation.colours import mean_colours
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.metrics.baselines import BASELINES, TONED, Examples, names_for, strength_text, tuned_baselines
from vae_core.registry.corruption_rows import CORRUPTIONS, check_channels, check_corruption, ends_of
from vae_core.storage.measurements import (
    METHODS,
    Quality,
    RestorationPoint,
    require_weights_digest,
    restoration_curve,
)
from vae_core.storage.runs import Run
from vae_core.types import Array

BATCH_SIZE = 500
TUNING_IMAGES = 100
OTHER_IMAGES, OTHER_BYTES = 60_000, 100_000_000
"""Training images that opponents are learned from: all of MNIST's, as a model's; fewer where images are large."""
IMAGES, MOST_IMAGES = 1_000, 10_000
CURVE_SHARES = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
WINDOW = 7
SMALLEST_ERROR = 1e-10
"""A mean squared error below this counts as this: 100 dB."""
COLOUR_SIGMA, DARK = 2.0, 0.004
CORRUPTED, MODEL, CLEAN = METHODS
COLOURS = ("mean-colour", "class-mean-colour")


@dataclass(frozen=True, eq=False)
class Material:
    """What is measured on, and what the opponents are fitted on.

    Attributes:
        dataset: its name.
        clean, labels: `uint8` (N, C, H, W) and (N,), test images: always the same for one N.
        others, other_labels: training images, which no figure is of: opponents are tuned on the first and learned from
            the rest.
        data: the whole.
    """

    dataset: str
    clean: Tensor
    labels: Tensor
    others: Tensor
    other_labels: Tensor
    data: Dataset


def material(data: Dataset, trained: Trained, images: int = IMAGES) -> Material:
    """Test images for a model, binarised where its own were.

    Raises:
        DataError: the model takes images of another shape.
        ConfigError: `images` is not 1 to 10,000.
    """
    if not 1 <= images <= MOST_IMAGES:
        raise ConfigError(f"The number of images must be 1 to {MOST_IMAGES}, not {images}.")
    if data.image_shape != trained.image_shape:
        raise DataError(
            f"The model takes images of {_sizes(trained.image_shape)} (channels, height, width) and {data.name!r} has "
            f"{_sizes(data.image_shape)}; choose another dataset."
        )
    clean, labels = held_out(data, images)
    mode, seed = trained.config.data.binarize, trained.config.training.seed
    others = binarize_split(other_images(data), mode, seed, split="train")
    return Material(
        data.name, binarize_split(clean, mode, seed), labels, others, data.train_labels[: len(others)], data
    )


def other_images(data: Dataset) -> Tensor:
    """The training images that opponents are tuned on and learned from, `uint8`."""
    return data.train_images[: max(1, min(OTHER_IMAGES, OTHER_BYTES // data.train_images[0].numel()))]


def tuning_images(others: Tensor) -> Tensor:
    """The first of `other_images`: what opponents are tuned on."""
    return others[: max(1, min(TUNING_IMAGES, len(others) // 2))]


def examples_of(others: Tensor, name: str, level: float, seed: int) -> Examples:
    """The other images behind those for tuning, damaged and clean, for opponents that learn."""
    start = len(tuning_images(others)) if len(others) > 1 else 0
    damaged = corrupt_split(others, [name], (level, level), seed)
    return damaged[start:].numpy(), others[start:].numpy()


@torch.no_grad()
def restore(trained: Trained, images: Tensor) -> Tensor:
    """What the model makes of images, damaged or not: the picture decoded from the posterior mean.

    A model that was trained to put colours back sees grey, and its colours are laid on the brightness that is given: a
    bottleneck blurs, and the brightness is known.

    Args:
        trained: any model, denoising or not.
        images: `float32`, (N, C, H, W), in [0, 1].

    Returns:
        `float32`, the same shape, cut to [0, 1].

    Raises:
        DataError: the images have another shape than those of training.
    """
    if tuple(images.shape[1:]) != trained.image_shape:
        raise DataError(
            f"The model takes images of {_sizes(trained.image_shape)} (channels, height, width), not of "
            f"{_sizes(images.shape[1:])}; choose others."
        )
    parts = [_restored(trained, part) for part in torch.split(images, BATCH_SIZE)]
    return torch.cat(parts) if parts else images.clone()


def _restored(trained: Trained, images: Tensor) -> Tensor:
    names = trained.config.data.corruption
    colours = bool(names) and all(CORRUPTIONS[name].takes_colours for name in names)
    given = greyscale(images) if colours else images
    picture = trained.likelihood.mean_image(trained.model.decode(trained.model.encode(given).mean)).clamp(0, 1)
    if not colours:
        return picture
    # colours are coarse: each pixel takes that of its surroundings, since the picture's strokes do not lie exactly on the
    # given ones; where the picture is black it has no colour to give, and grey stays
    around = corrupt(picture, "blur", COLOUR_SIGMA, generator(0, Stream.EVALUATION, device=picture.device))
    return (given * (around + DARK) / (greyscale(around) + DARK)).clamp(0, 1)


def psnr(images: Tensor, clean: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, (N,) float64 dB, range 1; 100 dB where they are the same."""
    error = (images.double() - clean.double()).square().flatten(1).mean(dim=1)
    return -10 * error.clamp(min=SMALLEST_ERROR).log10()


def ssim(images: Tensor, clean: Tensor) -> Tensor:
    """Structural similarity of each image, (N,) float64, at most 1; of small images with a smaller window."""
    side = min(WINDOW, *clean.shape[2:])
    window = side - (side + 1) % 2
    if window < 3:
        return torch.full((len(clean),), torch.nan, dtype=torch.float64)
    values = [
        float(
            structural_similarity(  # type: ignore[no-untyped-call]
                one, other, data_range=1.0, win_size=window, channel_axis=0
            )
        )
        for one, other in zip(images.numpy(), clean.numpy(), strict=True)
    ]
    return torch.tensor(values, dtype=torch.float64)


def quality(images: Tensor, clean: Tensor) -> Quality:
    """Mean PSNR and SSIM of images against the clean ones, both (N, C, H, W) `float32` in [0, 1]."""
    return Quality(float(psnr(images, clean).mean()), float(ssim(images, clean).mean()))


def methods(trained: Trained, found: Material, name: str, level: float, seed: int = 0) -> Iterator[tuple[str, Tensor]]:
    """The damaged images and what each method makes of them, one method after the other: `CORRUPTED`, `MODEL`, `CLEAN`
    (the model's reconstruction of the clean images), then the baselines by name.

    Args:
        trained: the model.
        found: as `material` gives it.
        name, level: the corruption; one without a level ignores it.
        seed: of the damage, which is fixed by it.

    Raises:
        ConfigError: the name is unknown, the level out of its range, or the images have the wrong channels.
    """
    check_corruption([name], f"{level:.12g}" if name in CORRUPTIONS and CORRUPTIONS[name].has_level else None)
    check_channels([name], found.clean.shape[1])
    damaged = to_float(corrupt_split(found.clean, [name], (level, level), seed))
    yield CORRUPTED, damaged
    yield MODEL, restore(trained, damaged)
    yield CLEAN, restore(trained, to_float(found.clean))
    if CORRUPTIONS[name].takes_colours:
        yield from _coloured(found, damaged, name)
        return
    others = tuning_images(found.others)
    worse = to_float(corrupt_split(others, [name], (level, level), seed + 1)).numpy()
    examples = examples_of(found.others, name, level, seed + 1)
    for key in names_for(found.clean[0].numel()):
        for tuned, one in tuned_baselines(worse, to_float(others).numpy(), examples, [key]).items():
            yield tuned, torch.from_numpy(one.apply(damaged.numpy()))


def _coloured(found: Material, grey: Tensor, name: str) -> Iterator[tuple[str, Tensor]]:
    known = corrupt_split(found.others, [name], (0.0, 0.0), 0)
    means = mean_colours(found.data, known, found.others, found.other_labels)
    yield COLOURS[0], means.mean_colour(grey)
    yield COLOURS[1], means.class_mean_colour(grey, found.labels)


def opponents(name: str, numbers: int) -> tuple[str, ...]:
    """The baselines of a corruption, in their order, for images of so many numbers, channels included."""
    if CORRUPTIONS[name].takes_colours:
        return COLOURS
    return tuple(key + tone for key in names_for(numbers) for tone in ("", TONED))


def restore_run(
    run: Run,
    corruption: str,
    level: float | None = None,
    *,
    images: int = IMAGES,
    dataset: str | None = None,
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """How well a run restores test images, by the names of the command line.

    Args:
        run: with weights.
        corruption, level: the damage; without a level the corruption's usual one.
        images: 1 to 10,000, cut to the test images that there are.
        dataset: left out, the run's own.
        data_dir, progress: as for `datasets.load_dataset`.

    Raises:
        LatentLabError: as `load_trained`, `datasets.load_dataset`, `material` and `methods` do.
    """
    check_corruption([corruption], None if level is None else f"{level:.12g}")
    at, _ = ends_of([corruption], None if level is None else f"{level:.12g}")
    trained = load_trained(run)
    found = material(load_run_dataset(run, dataset, data_dir, progress), trained, images)
    measured: dict[str, Quality] = {}
    count = len(opponents(corruption, found.clean[0].numel()))
    for method, pictures in methods(trained, found, corruption, at):
        measured[method] = quality(pictures, to_float(found.clean))
        if progress is not None:
            progress(f"restoring, {method}", len(measured) / (len(METHODS) + count))
    point = point_of(at, measured)
    result: dict[str, Any] = {"run": str(run.folder), "dataset": found.dataset, "step": trained.step}
    result |= {"corruption": corruption, "level": at if CORRUPTIONS[corruption].has_level else None}
    result |= {"images": len(found.clean), **point_figures(point)}
    return result


def point_figures(point: RestorationPoint) -> dict[str, Any]:
    """The figures of a point, by the names of the command line."""
    three = {"corrupted": point.corrupted, "model": point.model, "clean": point.clean}
    figures: dict[str, Any] = {f"psnr_{name}": one.psnr for name, one in three.items()}
    figures |= {f"ssim_{name}": one.ssim for name, one in three.items()}
    return {**figures, "baselines": {name: asdict(one) for name, one in point.baselines.items()}}


def curve_levels(name: str) -> list[float]:
    """The levels of a corruption's curve, closer where they are light; one, 0, where it has none."""
    row = CORRUPTIONS[name]
    if not row.has_level:
        return [0.0]
    return [round(row.lowest + share * (row.highest - row.lowest), 3) for share in CURVE_SHARES]


def keep_curve(run: Run, trained: Trained, found: Material, name: str, points: Sequence[RestorationPoint]) -> None:
    """Keeps measured points with the run.

    Raises:
        CheckpointCorrupt: the run holds no final weights.
        DiskError: neither the run's folder nor the cache can be written.
    """
    curve = {**_identity(trained, found), "points": points}
    curves = restoration_curve(name)
    curves.write(run, curves.make(run, curve, require_weights_digest(run)))


def kept_curve(run: Run, trained: Trained, found: Material, name: str) -> list[RestorationPoint]:
    """The points that were kept for these weights and this many of these images, by level; empty where there are none."""
    curve = restoration_curve(name).read(run)
    if curve is None or any(getattr(curve, key) != value for key, value in _identity(trained, found).items()):
        return []
    known = set(opponents(name, found.clean[0].numel()))
    return sorted((point for point in curve.points if point.baselines.keys() <= known), key=lambda point: point.level)


def _identity(trained: Trained, found: Material) -> dict[str, Any]:
    return {
        "dataset": found.dataset,
        "dataset_sha256": found.data.digest,
        "images": len(found.clean),
        "step": trained.step,
        # those tried, and what they learn from: others are other opponents
        "filters": tuple(tuple(strength_text(one) for one in row.strengths) for row in BASELINES.values()),
        "other_images": len(found.others),
    }


def point_of(level: float, found: Mapping[str, Quality]) -> RestorationPoint:
    """The point of what all `methods` reached at a level."""
    three = {key: found[key] for key in (CORRUPTED, MODEL, CLEAN)}
    return RestorationPoint(level, **three, baselines={name: one for name, one in found.items() if name not in three})


def _sizes(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def bytes_of(images: Tensor) -> Array:
    """Images in [0, 1] as `uint8`."""
    pixels: Array = images.mul(255).round().to(torch.uint8).numpy()
    return pixels
