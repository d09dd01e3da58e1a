"""What codes are worth as features: a linear classifier on them, on PCA of the same size and on pixels, with few labels.

The test of representation learning: Alain & Bengio 2017, "Understanding intermediate layers using linear classifier
probes", with as few labels as Kingma et al. 2014, "Semi-supervised learning with deep generative models", ask for.
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
    """How well one kind of features does with one number of labels.

    Attributes:
        features: "codes", "PCA" or "pixels".
        labels: labelled images that the classifier saw, as many of each class.
        mean, std: of the accuracy on held-out images over the seeds, 0 to 1; `std` is the sample's.
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
    """Logistic regression on standardised features, fitted to few labelled training images, tested on held-out ones.

    All kinds of features see the same draws of images, and PCA is fitted to as many images of the dataset as the model was
    trained on (`latents.pca_training_images`). Where images have more than `MAX_WIDTH` numbers only the codes
    are tested, since PCA and a classifier of that width would not fit the memory.

    Args:
        trained: the model.
        dataset: its training images are drawn from, its held-out ones (`batches.held_out`) tested on.
        counts: labels in all; brought to the next multiple of the number of classes, at least one a class.
        seeds: draws for each count, at least 2.
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        DataError: the images have another size than the model's, fewer than two classes, or too few of one class.
    """
    images, labels = held_out(dataset)
    kinds = _kinds(trained, dataset)
    tested = {name: features(images) for name, features in kinds.items()}
    scores = []
    for done, count in enumerate(counts):
        draws = [_draw(dataset.train_labels, count, seed) for seed in range(seeds)]
        for name, features in kinds.items():
            found = [
                _accuracy(features(dataset.train_images[rows]), dataset.train_labels[rows], tested[name], labels)
                for rows in draws
            ]
            scores.append(Score(name, len(draws[0]), float(np.mean(found)), float(np.std(found, ddof=1))))
        if progress is not None:
            progress("classifying", (done + 1) / len(counts))
    return scores


def _kinds(trained: Trained, dataset: Dataset) -> dict[str, Features]:
    """Each kind of features by its name: from `uint8` images (N, C, H, W) to (N, numbers)."""
    kinds: dict[str, Features] = {"codes": lambda images: encode(trained, images).mean}
    width = dataset.train_images[0].numel()
    if width > MAX_WIDTH:
        return kinds
    seen = pca_training_images(dataset.train_images, trained.config.data.limit)
    pca = Pca.fit(seen.flatten(1), min(trained.model.latent, width))
    return kinds | {
        "PCA": lambda images: pca.project(to_float(images).flatten(1)).numpy(),
        "pixels": lambda images: to_float(images).flatten(1).numpy(),
    }


def _draw(labels: Tensor, count: int, seed: int) -> Tensor:
    """Rows of about `count` images in all, as many of each class."""
    classes = np.unique(labels.numpy()).tolist()
    each = max(1, -(-count // max(len(classes), 1)))
    draw = generator(seed, Stream.EVALUATION)
    members = [(labels == label).nonzero().flatten() for label in classes]
    fewest = min(map(len, members), default=0)
    if len(classes) < 2 or fewest < each:
        raise DataError(
            f"A probe with {count} labels needs two classes or more with {each} images each; use fewer labels."
        )
    return torch.cat([rows[torch.randperm(len(rows), generator=draw)[:each]] for rows in members])


def _accuracy(features: Array, labels: Tensor, tested: Array, truth: Tensor) -> float:
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS))
    classifier.fit(features, labels.numpy())
    return float(classifier.score(tested, truth.numpy()))
