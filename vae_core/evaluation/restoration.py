"""Measures how well a model restores damaged images, next to baselines that need no model.

Quality is PSNR (range 1, in dB) and SSIM (Wang et al. 2004, "Image quality assessment: from error visibility to
structural similarity", with windows of 7 x 7 pixels), both averaged over images. A bottleneck cannot beat its own
reconstruction of the clean image, so that is measured too: if the damage is light, a classical filter may win.
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
"""Most training images, and most bytes of them, that baselines learn from: all of MNIST, which a model sees too."""
IMAGES, MOST_IMAGES = 1_000, 10_000
CURVE_SHARES = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
WINDOW = 7
SMALLEST_ERROR = 1e-10
"""Smaller mean squared errors are raised to this, which is 100 dB."""
COLOUR_SIGMA, DARK = 2.0, 0.004
CORRUPTED, MODEL, CLEAN = METHODS
COLOURS = ("mean-colour", "class-mean-colour")


@dataclass(frozen=True, eq=False)
class RestorationData:
    """The images that restoration is measured on, and those that the baselines are fitted to.

    Attributes:
        dataset: the dataset's name.
        clean, labels: (N, C, H, W) uint8 and (N,), test images; always the same for a given N.
        others, other_labels: (M, C, H, W) uint8 and (M,), training images, on which nothing is measured: baselines are
            tuned on the first and learn from the rest.
        data: the whole dataset.
    """

    dataset: str
    clean: Tensor
    labels: Tensor
    others: Tensor
    other_labels: Tensor
    data: Dataset


def restoration_data(data: Dataset, trained: Trained, images: int = IMAGES) -> RestorationData:
    """Draws the images for a model, binarised if it was trained on binarised pixels.

    Args:
        data: the dataset.
        trained: the model.
        images: number of test images, 1 to 10,000.

    Raises:
        DataError: the dataset's images do not have the shape that the model takes.
        ConfigError: `images` is out of range.
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
    others = binarize_split(baseline_training_images(data), mode, seed, split="train")
    return RestorationData(
        data.name, binarize_split(clean, mode, seed), labels, others, data.train_labels[: len(others)], data
    )


def baseline_training_images(data: Dataset) -> Tensor:
    """The training images that baselines are tuned on and learn from, (M, C, H, W) uint8."""
    return data.train_images[: max(1, min(OTHER_IMAGES, OTHER_BYTES // data.train_images[0].numel()))]


def tuning_images(others: Tensor) -> Tensor:
    """The first of `baseline_training_images` (M, C, H, W), on which baselines are tuned."""
    return others[: max(1, min(TUNING_IMAGES, len(others) // 2))]


def learning_examples(others: Tensor, name: str, level: float, seed: int) -> Examples:
    """The images (M, C, H, W) that remain after `tuning_images`, damaged and clean, for baselines that learn."""
    start = len(tuning_images(others)) if len(others) > 1 else 0
    damaged = corrupt_split(others, [name], (level, level), seed)
    return damaged[start:].numpy(), others[start:].numpy()


@torch.no_grad()
def restore(trained: Trained, images: Tensor) -> Tensor:
    """Passes images, damaged or not, through the model: decodes the posterior mean.

    A model that was trained to restore colours sees the grey image, and its colours are applied to the brightness of that
    image: the brightness is known, and a bottleneck would blur it.

    Args:
        trained: any model, denoising or not.
        images: (N, C, H, W) float32 in [0, 1].

    Returns:
        (N, C, H, W) float32, clipped to [0, 1].

    Raises:
        DataError: the shape of the images is not that of the training images.
    """
    if tuple(images.shape[1:]) != trained.image_shape:
        raise DataError(
            f"The model takes images of {_sizes(trained.image_shape)} (channels, height, width), not "
            f"{_sizes(images.shape[1:])}; choose other images."
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
    # each pixel takes the colour of its surroundings, since the strokes of the decoded picture do not lie exactly on the
    # given ones; where the decoded picture is black it has no colour to give, and the pixel stays grey
    around = corrupt(picture, "blur", COLOUR_SIGMA, generator(0, Stream.EVALUATION, device=picture.device))
    return (given * (around + DARK) / (greyscale(around) + DARK)).clamp(0, 1)


def psnr(images: Tensor, clean: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, (N,) float64 in dB, range 1; 100 dB for identical images.

    Both arguments are (N, C, H, W) in [0, 1].
    """
    error = (images.double() - clean.double()).square().flatten(1).mean(dim=1)
    return -10 * error.clamp(min=SMALLEST_ERROR).log10()


def ssim(images: Tensor, clean: Tensor) -> Tensor:
    """Structural similarity of each image, (N,) float64, at most 1; NaN for images of fewer than 3 pixels a side.

    Both arguments are (N, C, H, W) float32 in [0, 1]. Images smaller than the window of 7 pixels get a smaller window.
    """
    side = min(WINDOW, *clean.shape[2:])
    window = side - (side + 1) % 2
    if window < 3:
        return torch.full((len(clean),), torch.nan, dtype=torch.float64)
    values = [
        float(
            structural_similarity(  # type: ignore[no-untyped-call]
                image, reference, data_range=1.0, win_size=window, channel_axis=0
            )
        )
        for image, reference in zip(images.numpy(), clean.numpy(), strict=True)
    ]
    return torch.tensor(values, dtype=torch.float64)


def quality(images: Tensor, clean: Tensor) -> Quality:
    """Mean PSNR and SSIM of images against the clean ones, both (N, C, H, W) float32 in [0, 1]."""
    return Quality(float(psnr(images, clean).mean()), float(ssim(images, clean).mean()))


def methods(
    trained: Trained, data: RestorationData, name: str, level: float, seed: int = 0
) -> Iterator[tuple[str, Tensor]]:
    """Restores the damaged images by each method in turn.

    Args:
        trained: the model.
        found: from `restoration_data`.
        name, level: the corruption; one without a level ignores `level`.
        seed: fixes the damage.

    Yields:
        The method and its images (N, C, H, W) float32 in [0, 1]: `CORRUPTED`, the damaged images themselves, `MODEL`,
        `CLEAN`, the model's reconstruction of the clean images, then the baselines by name.

    Raises:
        ConfigError: the name is unknown, the level is out of range, or the images have the wrong number of channels.
    """
    check_corruption([name], f"{level:.12g}" if name in CORRUPTIONS and CORRUPTIONS[name].has_level else None)
    check_channels([name], data.clean.shape[1])
    damaged = to_float(corrupt_split(data.clean, [name], (level, level), seed))
    yield CORRUPTED, damaged
    yield MODEL, restore(trained, damaged)
    yield CLEAN, restore(trained, to_float(data.clean))
    if CORRUPTIONS[name].takes_colours:
        yield from _coloured(data, damaged, name)
        return
    others = tuning_images(data.others)
    worse = to_float(corrupt_split(others, [name], (level, level), seed + 1)).numpy()
    examples = learning_examples(data.others, name, level, seed + 1)
    for key in names_for(data.clean[0].numel()):
        for tuned, baseline in tuned_baselines(worse, to_float(others).numpy(), examples, [key]).items():
            yield tuned, torch.from_numpy(baseline.apply(damaged.numpy()))


def _coloured(data: RestorationData, grey: Tensor, name: str) -> Iterator[tuple[str, Tensor]]:
    greyscaled = corrupt_split(data.others, [name], (0.0, 0.0), 0)
    means = mean_colours(data.data, greyscaled, data.others, data.other_labels)
    yield COLOURS[0], means.mean_colour(grey)
    yield COLOURS[1], means.class_mean_colour(grey, data.labels)


def baseline_names(name: str, numbers: int) -> tuple[str, ...]:
    """The names of a corruption's baselines, in order, for images of `numbers` values, channels included."""
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
    """Measures how well a run restores test images; returns the figures under the command line's JSON keys.

    Args:
        run: a run with weights.
        corruption, level: the damage; by default the corruption's usual level.
        images: number of test images, 1 to 10,000; at most as many as there are.
        dataset: a dataset to use instead of the run's own.
        data_dir: folder of the full datasets.
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        LatentLabError: anything that `load_trained`, `datasets.load_dataset`, `restoration_data` and `methods` raise.
    """
    check_corruption([corruption], None if level is None else f"{level:.12g}")
    used_level, _ = ends_of([corruption], None if level is None else f"{level:.12g}")
    trained = load_trained(run)
    data = restoration_data(load_run_dataset(run, dataset, data_dir, progress), trained, images)
    measured: dict[str, Quality] = {}
    count = len(baseline_names(corruption, data.clean[0].numel()))
    for method, pictures in methods(trained, data, corruption, used_level):
        measured[method] = quality(pictures, to_float(data.clean))
        if progress is not None:
            progress(f"restoring, {method}", len(measured) / (len(METHODS) + count))
    point = point_of(used_level, measured)
    result: dict[str, Any] = {"run": str(run.folder), "dataset": data.dataset, "step": trained.step}
    result |= {"corruption": corruption, "level": used_level if CORRUPTIONS[corruption].has_level else None}
    result |= {"images": len(data.clean), **point_figures(point)}
    return result


def point_figures(point: RestorationPoint) -> dict[str, Any]:
    """The figures of a point under the command line's JSON keys."""
    three = {"corrupted": point.corrupted, "model": point.model, "clean": point.clean}
    figures: dict[str, Any] = {f"psnr_{name}": measured.psnr for name, measured in three.items()}
    figures |= {f"ssim_{name}": measured.ssim for name, measured in three.items()}
    return {**figures, "baselines": {name: asdict(measured) for name, measured in point.baselines.items()}}


def curve_levels(name: str) -> list[float]:
    """The levels of a corruption's curve, denser at light damage; just 0 for a corruption without a level."""
    row = CORRUPTIONS[name]
    if not row.has_level:
        return [0.0]
    return [round(row.lowest + share * (row.highest - row.lowest), 3) for share in CURVE_SHARES]


def save_curve(
    run: Run, trained: Trained, data: RestorationData, name: str, points: Sequence[RestorationPoint]
) -> None:
    """Stores measured points with the run.

    Raises:
        CheckpointCorrupt: the run has no final weights.
        DiskError: neither the run's folder nor the cache can be written.
    """
    curve = {**_identity(trained, data), "points": points}
    curves = restoration_curve(name)
    curves.write(run, curves.make(run, curve, require_weights_digest(run)))


def load_curve(run: Run, trained: Trained, data: RestorationData, name: str) -> list[RestorationPoint]:
    """The stored points for these weights and these images, sorted by level; empty if there are none."""
    curve = restoration_curve(name).read(run)
    if curve is None or any(getattr(curve, key) != value for key, value in _identity(trained, data).items()):
        return []
    names = set(baseline_names(name, data.clean[0].numel()))
    return sorted((point for point in curve.points if point.baselines.keys() <= names), key=lambda point: point.level)


def _identity(trained: Trained, data: RestorationData) -> dict[str, Any]:
    return {
        "dataset": data.dataset,
        "dataset_sha256": data.data.digest,
        "images": len(data.clean),
        "step": trained.step,
        # the strengths tried and the images learned from: with different ones the baselines are different too
        "filters": tuple(tuple(strength_text(strength) for strength in row.strengths) for row in BASELINES.values()),
        "other_images": len(data.others),
    }


def point_of(level: float, measured: Mapping[str, Quality]) -> RestorationPoint:
    """The point of a curve at a level, from the quality of all `methods`."""
    three = {key: measured[key] for key in (CORRUPTED, MODEL, CLEAN)}
    baselines = {name: result for name, result in measured.items() if name not in three}
    return RestorationPoint(level, **three, baselines=baselines)


def _sizes(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def bytes_of(images: Tensor) -> Array:
    """Images (N, C, H, W) in [0, 1] as uint8, rounded."""
    pixels: Array = images.mul(255).round().to(torch.uint8).numpy()
    return pixels
