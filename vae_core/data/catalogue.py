"""The registry of datasets: one row per dataset, and the only function that parses a dataset's name.

Does not import torch, so that listing the datasets is instant.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vae_core import architectures
from vae_core.config import RunConfig
from vae_core.data import amat, dsprites, sprites
from vae_core.data.bundled import BundledSource, TintedSource
from vae_core.data.idx import FASHION_MNIST, MNIST, IdxSource
from vae_core.data.own import stored
from vae_core.data.source import DatasetInfo, Source
from vae_core.errors import ConfigError, DataError, DatasetMissing
from vae_core.storage import paths

DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
MNIST_ORIGIN = "MNIST database of handwritten digits: Yann LeCun, Corinna Cortes, Christopher J. C. Burges"
MNIST_LICENCE = "CC BY-SA 3.0"
FASHION_ORIGIN = "Fashion-MNIST: Han Xiao, Kashif Rasul, Roland Vollgraf (Zalando SE)"
FASHION_LICENCE = "MIT"

_MNIST_SAMPLE = BundledSource(
    name="mnist-sample",
    title="MNIST, a sample",
    origin=MNIST_ORIGIN,
    licence=MNIST_LICENCE,
    shape=(1, 28, 28),
    train=10_000,
    test=2_000,
    classes=DIGITS,
    digest="07b4061aaa1761356e8e7995fa1465ecfc63db2decebaf691183239bca4c66d5",
)
_FASHION_SAMPLE = BundledSource(
    name="fashion-mnist-sample",
    title="Fashion-MNIST, a sample",
    origin=FASHION_ORIGIN,
    licence=FASHION_LICENCE,
    shape=(1, 28, 28),
    train=10_000,
    test=2_000,
    classes=CLOTHES,
    digest="e3a975fba4a077590841a28862eab9826e03ad82c2aefd503f78f7d3fabb7127",
)
_ROWS: tuple[Source, ...] = (
    _MNIST_SAMPLE,
    _FASHION_SAMPLE,
    IdxSource(
        name="mnist",
        title=MNIST.title,
        origin=MNIST_ORIGIN,
        licence=MNIST_LICENCE,
        shape=(1, 28, 28),
        train=60_000,
        test=10_000,
        classes=DIGITS,
        digest="4c1d343bde9e8afe63408ff2a4bf76b8af8900df63109ed12e2ac002a5c7c68d",
        download=MNIST,
    ),
    IdxSource(
        name="fashion-mnist",
        title=FASHION_MNIST.title,
        origin=FASHION_ORIGIN,
        licence=FASHION_LICENCE,
        shape=(1, 28, 28),
        train=60_000,
        test=10_000,
        classes=CLOTHES,
        digest="4a8eeb895efc64e1f4476d70d28895ee99bd8190dfd46d0350449800cfde93ce",
        download=FASHION_MNIST,
    ),
    TintedSource(
        name="coloured-mnist-sample",
        title="MNIST, a sample in colour",
        origin=MNIST_ORIGIN,
        licence=MNIST_LICENCE,
        shape=(3, 28, 28),
        train=10_000,
        test=2_000,
        classes=DIGITS,
        digest="577d33a18af4eb2070c372d1a7205534e5f74d1dc22c9e478f91001803e25843",
        base=_MNIST_SAMPLE,
        visible="slant",
    ),
    TintedSource(
        name="coloured-fashion-sample",
        title="Fashion-MNIST, a sample in colour",
        origin=FASHION_ORIGIN,
        licence=FASHION_LICENCE,
        shape=(3, 28, 28),
        train=10_000,
        test=2_000,
        classes=CLOTHES,
        digest="781b353fec1acfa6bd148a105ec3171b5e7c6d4ed36489e6e0d8bbe7d277f0a1",
        base=_FASHION_SAMPLE,
        visible="brightness",
    ),
    amat.AmatSource(
        name="binarized-mnist",
        title="MNIST in black and white, as Larochelle and Murray drew it",
        origin="Binarised MNIST: Hugo Larochelle, Iain Murray",
        licence="that of MNIST",
        shape=amat.SHAPE,
        train=60_000,
        test=10_000,
        classes=("digit",),
        user_files=tuple(amat.FILES),
    ),
    sprites.source("sprites", sprites.Spec()),
    sprites.source("sprites-64", sprites.Spec(width=64)),
)

SOURCES: dict[str, Source] = {source.name: source for source in _ROWS}
"""The registered datasets by name."""

FAMILIES: tuple[Callable[[str], Source | None], ...] = (sprites.source_of, dsprites.source_of)
"""Datasets that cannot be listed: each function returns the one for a name or a path, or None if it is not its own."""


def find(name: str, data_dir: Path | None = None) -> Source:
    """Returns a dataset by name: a registered one, an imported one, sprites of any size, or a dSprites file's path.

    An imported dataset is also found by a name that it had before, and by the path that it came from.

    Args:
        name: the name or path.
        data_dir: the data folder, where imported datasets are; the default one (`paths.data_folder`) if None.

    Raises:
        DatasetMissing: there is no dataset of this name, or no file at this path; the message lists the datasets.
        DataError: its file cannot be used, or its pictures were not imported.
    """
    if name in SOURCES:
        return SOURCES[name]
    own = _imported(name, data_dir)
    if own is not None:
        return own
    for family in FAMILIES:
        source = family(name)
        if source is not None:
            return source
    known = ", ".join([*SOURCES, *(source.name for source in _all_imported(data_dir))])
    if not _is_path(name):  # it may be an imported one that was deleted, so that runs keep what they have of it
        raise DatasetMissing(f"There is no dataset called {name[:60]!r}; the known ones are {known}.")
    if not os.path.exists(name):  # noqa: PTH110  (may be too long)
        raise DatasetMissing(f"There is no file {name[:200]!r}; check the path, or choose one of {known}.")
    raise DataError(
        f"The pictures in {name[:200]!r} have not been imported; 'datasets add {name[:200]} --name NAME' does that."
    )


def _imported(name: str, data_dir: Path | None) -> stored.OwnSource | None:
    """Returns the imported dataset of a name or path; None if there is none or no data folder, as loading will say."""
    try:
        return stored.find_source(name, paths.data_folder(data_dir))
    except ConfigError:
        return None


def _all_imported(data_dir: Path | None) -> list[stored.OwnSource]:
    try:
        return stored.sources(paths.data_folder(data_dir))
    except ConfigError:
        return []


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.lower().endswith((".zip", ".npz"))


def describe(data_dir: Path | None = None) -> list[DatasetInfo]:
    """Returns a row per registered dataset and per imported one, without downloading anything or checking contents.

    Raises:
        ConfigError: the data folder does not exist.
    """
    data_folder = paths.data_folder(data_dir)
    return [source.info(data_folder) for source in (*SOURCES.values(), *stored.sources(data_folder))]


def is_here(name: str, data_dir: Path | None = None) -> bool:
    """Returns whether a dataset can be used without a download; False if there is no dataset of that name.

    Raises:
        ConfigError: the data folder does not exist.
    """
    data_folder = paths.data_folder(data_dir)
    try:
        return find(name, data_dir).info(data_folder).is_here
    except DataError:
        return False


def needs_download(name: str, data_dir: Path | None = None) -> bool:
    """Returns whether loading a registered dataset would download it; False for all others.

    Raises:
        ConfigError: the data folder does not exist.
    """
    data_folder = paths.data_folder(data_dir)
    return name in SOURCES and SOURCES[name].where(data_folder) == "can be downloaded"


def at_hand(name: str, data_dir: Path | None = None) -> str:
    """Returns the name of the dataset, or that of its bundled sample if the dataset would have to be downloaded.

    Raises:
        ConfigError: the data folder does not exist.
    """
    download = SOURCES[name].download if needs_download(name, data_dir) else None
    return download.sample if download is not None and download.sample in SOURCES else name


def settled(config: RunConfig, data_dir: Path | None = None) -> RunConfig:
    """The configuration with its architecture and hidden sizes named, to suit its dataset's images.

    Raises:
        ConfigError: the network does not fit the images, or is too large.
        DataError: as `find` does.
    """
    return architectures.settled(config, find(config.data.dataset, data_dir).shape)


def usual_settings(config: RunConfig, data_dir: Path | None = None) -> dict[str, Any]:
    """What each setting is if it is left out, by name, given the others of this settled configuration.

    The network depends on the images, and hidden sizes without an architecture are those of dense layers.
    """
    usual, model = RunConfig().flat(), config.model
    try:
        by_itself = settled(RunConfig().changed(dataset=config.data.dataset), data_dir).model
    except DataError:  # such as a file that is gone
        by_itself = RunConfig().model
    if (model.architecture, model.hidden) == (by_itself.architecture, by_itself.hidden):
        return usual | {"architecture": model.architecture, "hidden": model.hidden}
    return usual | ({"architecture": "mlp"} if model.architecture == "mlp" else {})


def absolute_name(name: str, data_dir: Path | None = None) -> str:
    """Returns a name that works from any working folder: the absolute path of a file, else the dataset's own name.

    Raises:
        DataError: like `find`.
    """
    source = find(name, data_dir)
    return source.name if source.file is None else str(source.file.resolve())


def is_imported(name: str, data_dir: Path | None = None) -> bool:
    """Returns whether a name is that of a dataset of the user's own pictures."""
    return name not in SOURCES and _imported(name, data_dir) is not None


def knows_factors(name: str) -> bool:
    """Returns whether a dataset's generative factors are known; False if there is no such dataset."""
    try:
        return find(name).has_factors
    except DataError:
        return False
