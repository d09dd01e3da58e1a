"""Linear probes: how well codes serve as features with few labels, next to PCA of the same size and raw pixels.

Probing with a linear classifier follows Alain & Bengio 2017, "Understanding intermediate layers using linear classifier
probes"; the small numbers of labels follow Kingma et al. 2014, "Semi-supervised learning with deep generative models".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from vae_core.data.batches import held_out, to_float
from vae_core.data.datasets import Dataset
from vae_core.data.randomness import Stream, generator
from vae_core.errors import DataError
from vae_core.evaluation.codes import encode
from vae_core.evaluation.trained import Trained
from vae_core.metrics.latents import MAX_WIDTH, Pca, pca_training_images
from vae_core.types import Array

LABELS = (10, 100, 1_000)
SEEDS = 5
MAX_ITERATIONS = 2_000

Features = Callable[[Tensor], Array]


@dataclass(frozen=True)
class Score:
    """The accuracy with one kind of features and one number of labels.

    Attributes:
        features: "codes", "PCA" or "pixels".
        labels: number of labelled images that the classifier saw, the same for each class.
        mean, std: mean and sample standard deviation over the seeds of the accuracy on held-out images, 0 to 1.
    """

    features: str
    labels: int
    mean: float
    std: float


def probe(
    trained: Trained,
    dataset: Dataset,
    *,
    counts: Sequence[int] = LABELS,
    seeds: int = SEEDS,
    progress: Callable[[str, float], None] | None = None,
) -> list[Score]:
    """Fits logistic regression to standardised features of a few labelled training images and tests it on held-out images.

    All kinds of features get the same random images. PCA is fitted to as many images of the dataset as the model was
    trained on (`latents.pca_training_images`). If images have more than `MAX_WIDTH` values, only the codes are tested,
    because PCA and a classifier of that width would not fit in memory.

    Args:
        trained: the model.
        dataset: provides the training images to draw from and the held-out images (`batches.held_out`) to test on.
        counts: total numbers of labels, each rounded up to a multiple of the number of classes.
        seeds: random draws per count, at least 2.
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        DataError: the images do not have the model's size, or there are fewer than two classes or too few images of one.
    """
    images, labels = held_out(dataset)
    kinds = _kinds(trained, dataset)
    tested = {name: features(images) for name, features in kinds.items()}
    scores = []
    for done, count in enumerate(counts):
        draws = [_draw(dataset.train_labels, count, seed) for seed in range(seeds)]
        for name, features in kinds.items():
            accuracies = [
                _accuracy(features(dataset.train_images[rows]), dataset.train_labels[rows], tested[name], labels)
                for rows in draws
            ]
            mean, std = float(np.mean(accuracies)), float(np.std(accuracies, ddof=1))
            scores.append(Score(name, len(draws[0]), mean, std))
        if progress is not None:
            progress("classifying", (done + 1) / len(counts))
    return scores


def _kinds(trained: Trained, dataset: Dataset) -> dict[str, Features]:
    """The kinds of features by name: functions from images (N, C, H, W) uint8 to features (N, F)."""
    kinds: dict[str, Features] = {"codes": lambda images: encode(trained, images).mean}
    width = dataset.train_images[0].numel()
    if width > MAX_WIDTH:
        return kinds
    fitted_to = pca_training_images(dataset.train_images, trained.config.data.limit)
    pca = Pca.fit(fitted_to.flatten(1), min(trained.model.latent, width))
    return kinds | {
        "PCA": lambda images: pca.project(to_float(images).flatten(1)).numpy(),
        "pixels": lambda images: to_float(images).flatten(1).numpy(),
    }


def _draw(labels: Tensor, count: int, seed: int) -> Tensor:
    """Indices of about `count` random images in total, the same number from each class; `labels` is (N,)."""
    classes = np.unique(labels.numpy()).tolist()
    each = max(1, -(-count // max(len(classes), 1)))
    draw = generator(seed, Stream.EVALUATION)
    members = [(labels == label).nonzero().flatten() for label in classes]
    fewest = min(map(len, members), default=0)
    if len(classes) < 2 or fewest < each:
        raise DataError(
            f"A probe with {count} labels needs at least two classes with {each} images each; use fewer labels."
        )
    return torch.cat([rows[torch.randperm(len(rows), generator=draw)[:each]] for rows in members])


def _accuracy(features: Array, labels: Tensor, tested: Array, truth: Tensor) -> float:
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS))
    classifier.fit(features, labels.numpy())
    return float(classifier.score(tested, truth.numpy()))
