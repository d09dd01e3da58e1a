"""Makes the bundled samples from the full datasets in LATENT_LAB_DATA: `python -m tools.make_samples`.

Running it again gives the same bytes (with the same zlib). Each bundle also records the indices of its images.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_core.data.bundled import SAMPLES
from vae_core.data.datasets import load_dataset
from vae_core.data.source import PARTS, digest_of
from vae_core.storage import arrays, files

COUNTS = {"train": 10_000, "test": 2_000}
SEED = 0


def choose(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Indices of `count` images in shuffled order, with each label's share as in the split (largest remainder)."""
    share = np.bincount(labels) * count / len(labels)
    counts = np.floor(share).astype(int)
    counts[np.argsort(counts - share, kind="stable")[: count - counts.sum()]] += 1
    # the only generator that numpy promises never to change
    order = np.random.RandomState(SEED).permutation(len(labels))
    kept = [np.flatnonzero(labels[order] == label)[:number] for label, number in enumerate(counts)]
    return order[np.sort(np.concatenate(kept))]


def sample(name: str) -> dict[str, NDArray[Any]]:
    """The chosen images and labels of a full dataset (`uint8`), and their indices in its splits."""
    full = load_dataset(name)
    parts: dict[str, NDArray[Any]] = {}
    for split, images, labels in (
        ("train", full.train_images, full.train_labels),
        ("test", full.test_images, full.test_labels),
    ):
        index = choose(labels.numpy(), COUNTS[split])
        parts[f"{split}_images"] = images.numpy()[index]
        parts[f"{split}_labels"] = labels.numpy()[index].astype(np.uint8)
        parts[f"{split}_index"] = index.astype(np.uint16)
    return parts


def pack(parts: dict[str, NDArray[Any]]) -> bytes:
    """A compressed npz with its schema number."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, schema=np.int64(arrays.SCHEMA), **parts)
    return buffer.getvalue()


def main() -> None:
    """Writes both bundles, and prints their SHA-256 for `SOURCES.md` and their digest for `catalogue.py`."""
    for name in ("mnist", "fashion-mnist"):
        parts = sample(name)
        content = pack(parts)
        files.write_atomic(SAMPLES / f"{name}-sample.npz", content)
        digest = digest_of({part: parts[part].astype(np.int64) if "labels" in part else parts[part] for part in PARTS})
        print(f"{name}-sample.npz: {len(content)} bytes, SHA-256 {files.digest(content)}, digest {digest}")


if __name__ == "__main__":
    main()
