"""The binarised MNIST of the papers, read from the three text files in which it is published.

Larochelle & Murray 2011, "The Neural Autoregressive Distribution Estimator": 50,000 training, 10,000 validation and 10,000
test images whose pixels were drawn once as black or white. A file has one image per line: 784 digits, 0 or 1, with spaces
between. The files hold no labels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from vae_core.data import array_cache
from vae_core.errors import DataError
from vae_core.storage import files, paths
from vae_core.types import Array

SHAPE = (1, 28, 28)
PIXELS = 784
FILES = {
    "binarized_mnist_train.amat": 50_000,
    "binarized_mnist_valid.amat": 10_000,
    "binarized_mnist_test.amat": 10_000,
}
"""The files in the order of the splits, and how many images each has."""
SUBFOLDER = "BinaryMNIST"
NAMES = ("train_images", "train_labels", "test_images", "test_labels")
PIECE = 5_000
WHITESPACE, DIGITS = b" \t\r\n", b"01"


def is_here(data_folder: Path) -> bool:
    """Whether all three files are there; `load` looks at their content."""
    return _folder(data_folder) is not None


def load(data_folder: Path) -> tuple[dict[str, Array], str]:
    """The images and their labels, which are all 0, by `NAMES`, and the SHA-256 of all of it.

    The training split is the training file followed by the validation file, so that its first 50,000 images are those of
    the training file alone.

    Args:
        data_folder: holds the files, itself or in its subfolder `BinaryMNIST`.

    Returns:
        Images `uint8`, (images, 1, 28, 28), 0 or 255; labels `int64`, (images,). Both are kept in the cache.

    Raises:
        DataError: a file is missing, cannot be read, or is not of this form.
    """
    folder = _folder(data_folder)
    if folder is None:
        raise DataError(
            f"The binarised MNIST needs its files: put {', '.join(FILES)} into {str(data_folder / SUBFOLDER)!r}, or train "
            "on mnist with --binarize fixed."
        )
    train, valid, test = (folder / name for name in FILES)
    try:
        known = "".join(files.file_digest(path) for path in (train, valid, test))
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read ({error.strerror}); allow it.") from error
    cache = paths.cache_folder() / "datasets" / f"amat-{files.digest(known.encode())[:16]}"
    return array_cache.load_or_make(cache, NAMES, lambda: _plans((train, valid), (test,)))


def _folder(data_folder: Path) -> Path | None:
    candidates = (data_folder / SUBFOLDER, data_folder)
    # os.path, since Path.is_file raises for folders that may not be looked into
    return next((each for each in candidates if all(os.path.isfile(each / name) for name in FILES)), None)  # noqa: PTH113


def _plans(train: tuple[Path, ...], test: tuple[Path, ...]) -> Mapping[str, array_cache.Plan]:
    plans: dict[str, array_cache.Plan] = {}
    for split, sources in (("train", train), ("test", test)):
        count = sum(FILES[path.name] for path in sources)
        plans[f"{split}_images"] = array_cache.Plan(np.uint8, (count, *SHAPE), partial(_pieces, sources))
        plans[f"{split}_labels"] = array_cache.whole(np.zeros(count, np.int64))
    return plans


def _pieces(paths: tuple[Path, ...]) -> Iterator[Array]:
    for path in paths:
        read = 0
        with path.open("rb") as stream:
            while lines := list(islice(stream, PIECE)):
                images = _images(path, lines, read)
                read += len(images)
                yield images
        if read != FILES[path.name]:
            raise DataError(f"{path.name} has {read:,} images and should have {FILES[path.name]:,}; fetch it again.")


def _images(path: Path, lines: list[bytes], before: int) -> Array:
    """The images of some lines, (n, 1, 28, 28); empty lines have none."""
    rows = [digits for line in lines if (digits := line.translate(None, WHITESPACE))]
    for number, digits in enumerate(rows, before + 1):
        if len(digits) != PIXELS or digits.translate(None, DIGITS):
            raise DataError(f"Image {number:,} of {path.name} is not {PIXELS} digits of 0 or 1; fetch the file again.")
    pixels = np.frombuffer(b"".join(rows), np.uint8) - DIGITS[0]
    return (pixels * np.uint8(255)).reshape(-1, *SHAPE)
