"""Stand-in films without a training: codes by PCA of the bundled digits, turning with time. No torch."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

import vae_core
from vae_core.storage.frames import Frame, Subjects
from vae_core.types import Array

POINTS = 300
ROW = 10
HOSTILE = "<b>5</b> ![x](http://127.0.0.1:9/x.png)"
DIGITS = ("0", "1", "2", "3", "4", HOSTILE, "6", "7", "8", "9")


def digits() -> tuple[Array, Array]:
    """The held-out digits of the bundled sample: (2000, 1, 28, 28) uint8 images, and their labels."""
    path = Path(vae_core.__file__).parent / "data" / "samples" / "mnist-sample.npz"
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as bundle:
        return bundle["test_images"], bundle["test_labels"].astype(np.int64)


def scene(
    frames: int = 12, latent: int = 2, *, prior: bool = True, spread: bool = False, points: int = POINTS
) -> tuple[Subjects, list[Frame]]:
    """A film of `frames` steps 0, 10, 20, ...; `prior` gives it a KL as a VAE has, `spread` log-variances too."""
    images, labels = digits()
    flat = images.reshape(len(images), -1).astype(np.float32) / 255
    mean = flat.mean(axis=0)
    directions = np.linalg.svd(flat - mean, full_matrices=False)[2][:latent].T
    codes = (flat - mean) @ directions
    subjects = Subjects(labels[:points], DIGITS, images[:ROW], {"floor": 45.5, "collapse": 205.8})
    return subjects, [
        _frame(10 * index, index / max(frames - 1, 1), codes, mean, directions, points, prior, spread)
        for index in range(frames)
    ]


def _frame(
    step: int, share: float, codes: Array, mean: Array, directions: Array, points: int, prior: bool, spread: bool
) -> Frame:
    turned = codes * share / 2
    if codes.shape[1] > 1:
        angle = np.pi * (1 - share)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned[:, :2] = turned[:, :2] @ rotation
    pictures = np.clip(mean + share * codes[:ROW] @ directions.T, 0, 1)
    kl = 0.5 * (turned[:points] ** 2).mean(axis=0)
    figures = {"loss": 206.0 - 50 * share, "reconstruction_nats": 206.0 - 55 * share}
    return Frame(
        step=step,
        epoch=step / 79,
        mean=turned[:points].astype(np.float32),
        log_variance=np.full((points, codes.shape[1]), -2.0, dtype=np.float32) if spread else None,
        reconstructions=(pictures * 255).round().astype(np.uint8).reshape(-1, 1, 28, 28),
        kl_per_dimension=kl.astype(np.float32) if prior else None,
        figures={**figures, "kl_nats": float(kl.sum())} if prior else figures,
    )
