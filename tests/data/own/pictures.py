"""Real pictures for the tests of imports: photographs of scikit-image and scikit-learn, digits and clothes as PNG."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_image

from vae_core.data.datasets import load_dataset
from vae_core.types import Array


@lru_cache(maxsize=8)
def photo(name: str) -> Image.Image:
    """A photograph: astronaut, chelsea or coffee in colour, camera in grey, flower.jpg of scikit-learn."""
    return Image.fromarray(load_sample_image(name) if name.endswith(".jpg") else getattr(skimage.data, name)())


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


@lru_cache(maxsize=4)
def sample(name: str = "mnist-sample") -> tuple[Array, Array]:
    """The test images, (N, 28, 28), and labels of a bundled dataset."""
    data = load_dataset(name)
    return data.test_images[:, 0].numpy(), data.test_labels.numpy()


def digit_files(count: int, folder: Path, name: str = "mnist-sample") -> Path:
    """A folder with a subfolder for each class, and different digits as PNG in them."""
    images, labels = sample(name)
    for index in range(count):
        path = folder / f"class-{labels[index]}" / f"{index:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(Image.fromarray(images[index])))
    return folder


def photo_files(folder: Path, count: int = 6) -> Path:
    """A folder with crops of a cat and of an astronaut in colour, half of them JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("chelsea", "astronaut"):
        (folder / name).mkdir()
        for index in range(count):
            crop = photo(name).crop((20 * index, 10 * index, 20 * index + 120, 10 * index + 100))
            kind = "JPEG" if index % 2 else "PNG"
            (folder / name / f"{index}.{kind.lower()}").write_bytes(saved(crop, kind))
    return folder


def zipped(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def noise(count: int, side: int = 8, seed: int = 0) -> Array:
    """Different arrays of pixels, (count, side, side) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side), dtype=np.uint8)
