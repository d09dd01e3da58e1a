"""The binarised MNIST used in papers, read from the three text files in which it is published.

Larochelle & Murray 2011, "The Neural Autoregressive Distribution Estimator": 50,000 training, 10,000 validation and 10,000
test images whose pixels were sampled once as black or white. Each line of a file is an image: 784 digits, 0 or 1, separated
by spaces. The files have no labels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from vae_core.data import array_cache
from vae_core.data.source import PARTS, Content, Source, Where
from vae_core.errors import DataError
from vae_core.storage import files
from vae_core.types import Array, Report

SHAPE = (1, 28, 28)
PIXELS = 784
FILES = {
    "binarized_mnist_train.amat": 50_000,
    "binarized_mnist_valid.amat": 10_000,
    "binarized_mnist_test.amat": 10_000,
}
"""The training, validation and test file, and the number of images in each."""
SUBFOLDER = "BinaryMNIST"
PIECE = 5_000
WHITESPACE, DIGITS = b" \t\r\n", b"01"


@dataclass(frozen=True, kw_only=True)
class AmatSource(Source):
    """The three files, which the user puts into the data folder or into its subfolder `BinaryMNIST`."""

    def where(self, data_folder: Path) -> Where:
        return "needs its files" if _folder(data_folder) is None else "here"

    def read(self, data_folder: Path, report: Report) -> Content:
        """The images, 0 or 255, and their labels, which are all 0.

        The training split is the training file followed by the validation file, so that its first 50,000 images are those
        of the training file alone.
        """
        folder = _folder(data_folder)
        if folder is None:
            raise DataError(
                f"The binarised MNIST needs its files: put {', '.join(FILES)} into {str(data_folder / SUBFOLDER)!r}, or "
                "train on mnist with --binarize fixed."
            )
        train, valid, test = (folder / name for name in FILES)
        try:
            digests = "".join(files.file_digest(path) for path in (train, valid, test))
        except OSError as error:
            raise DataError(f"{error.filename} cannot be read ({error.strerror}); check its permissions.") from error
        key = f"amat-{files.digest(digests.encode())[:16]}"
        arrays, digest = array_cache.load_or_make(key, PARTS, lambda: _plans((train, valid), (test,)))
        return Content(arrays, self.classes, digest)


def _folder(data_folder: Path) -> Path | None:
    candidates = (data_folder / SUBFOLDER, data_folder)
    # os.path: Path.is_file raises if a folder may not be read
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
    """Parses lines to images, (n, 1, 28, 28), skipping empty lines."""
    rows = [digits for line in lines if (digits := line.translate(None, WHITESPACE))]
    for number, digits in enumerate(rows, before + 1):
        if len(digits) != PIXELS or digits.translate(None, DIGITS):
            raise DataError(f"Image {number:,} of {path.name} is not {PIXELS} digits of 0 or 1; fetch the file again.")
    pixels = np.frombuffer(b"".join(rows), np.uint8) - DIGITS[0]
    return (pixels * np.uint8(255)).reshape(-1, *SHAPE)
