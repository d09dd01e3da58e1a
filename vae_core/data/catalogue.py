"""What datasets there are: one row of a table each. Imports no torch, so that a list is there at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vae_core.data import amat, download, dsprites, sprites
from vae_core.errors import DataError, DatasetMissing
from vae_core.storage import paths

Where = Literal["bundled", "here", "can be downloaded", "drawn by the program", "needs its files"]


@dataclass(frozen=True)
class Family:
    """What a full set and its sample have in common; `raw` is None where nothing is downloaded."""

    raw: download.RawSet | None
    classes: tuple[str, ...]
    source: str
    licence: str


@dataclass(frozen=True)
class Row:
    """A dataset of the table: `digest` is that of its content (`datasets.content_digest`), empty where it is drawn.

    A coloured one is made of the bundled set `tinted_from`, its hues following `visible` (`tints.tinted`). The files of one
    that is `given` are put into the data folder by the user (`data.amat`).
    """

    title: str
    family: Family
    bundled: bool
    train: int
    test: int
    digest: str
    shape: tuple[int, int, int] = (1, 28, 28)
    tinted_from: str = ""
    given: bool = False
    visible: Literal["slant", "brightness"] = "slant"


@dataclass(frozen=True)
class DatasetInfo:
    """What a list of datasets shows; `train` and `test` count images, `shape` is (channels, height, width)."""

    name: str
    title: str
    train: int
    test: int
    shape: tuple[int, int, int]
    where: Where
    source: str
    licence: str

    @property
    def is_here(self) -> bool:
        """Whether it can be used without a download and without any file that is missing."""
        return self.where not in ("can be downloaded", "needs its files")


_MNIST = Family(
    raw=download.MNIST,
    classes=tuple("0123456789"),
    source="MNIST database of handwritten digits: Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
    licence="CC BY-SA 3.0",
)
_FASHION = Family(
    raw=download.FASHION_MNIST,
    classes=("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    source="Fashion-MNIST: Han Xiao, Kashif Rasul, Roland Vollgraf (Zalando SE)",
    licence="MIT",
)
_BINARISED = Family(
    raw=None, classes=("digit",), source="Binarised MNIST: Hugo Larochelle, Iain Murray", licence="that of MNIST"
)
_SPRITES = Family(raw=None, classes=sprites.SHAPES, source="Drawn by this program", licence="that of this program")


def _sprites_row(spec: sprites.Spec) -> Row:
    title = f"Sprites of {spec.width} x {spec.width}, their factors known"
    shape = (1, spec.width, spec.width)
    return Row(title, _SPRITES, bundled=False, train=spec.images, test=spec.tested, digest="", shape=shape)


def _dsprites_row(form: dsprites.Form) -> Row:
    family = Family(raw=None, classes=(), source=f"the file {form.path.name}", licence="that of the file")
    shape = (1, form.height, form.width)
    return Row(
        "A file of dSprites' form", family, bundled=False, train=form.train, test=form.tested, digest="", shape=shape
    )


ROWS = {
    "mnist-sample": Row(
        title="MNIST, a sample",
        family=_MNIST,
        bundled=True,
        train=10_000,
        test=2_000,
        digest="07b4061aaa1761356e8e7995fa1465ecfc63db2decebaf691183239bca4c66d5",
    ),
    "fashion-mnist-sample": Row(
        title="Fashion-MNIST, a sample",
        family=_FASHION,
        bundled=True,
        train=10_000,
        test=2_000,
        digest="e3a975fba4a077590841a28862eab9826e03ad82c2aefd503f78f7d3fabb7127",
    ),
    "mnist": Row(
        title="MNIST",
        family=_MNIST,
        bundled=False,
        train=60_000,
        test=10_000,
        digest="4c1d343bde9e8afe63408ff2a4bf76b8af8900df63109ed12e2ac002a5c7c68d",
    ),
    "fashion-mnist": Row(
        title="Fashion-MNIST",
        family=_FASHION,
        bundled=False,
        train=60_000,
        test=10_000,
        digest="4a8eeb895efc64e1f4476d70d28895ee99bd8190dfd46d0350449800cfde93ce",
    ),
    "coloured-mnist-sample": Row(
        title="MNIST, a sample in colour",
        family=_MNIST,
        bundled=True,
        train=10_000,
        test=2_000,
        digest="577d33a18af4eb2070c372d1a7205534e5f74d1dc22c9e478f91001803e25843",
        shape=(3, 28, 28),
        tinted_from="mnist-sample",
    ),
    "coloured-fashion-sample": Row(
        title="Fashion-MNIST, a sample in colour",
        family=_FASHION,
        bundled=True,
        train=10_000,
        test=2_000,
        digest="781b353fec1acfa6bd148a105ec3171b5e7c6d4ed36489e6e0d8bbe7d277f0a1",
        shape=(3, 28, 28),
        tinted_from="fashion-mnist-sample",
        visible="brightness",
    ),
    "binarized-mnist": Row(
        title="MNIST in black and white, as Larochelle and Murray drew it",
        family=_BINARISED,
        bundled=False,
        train=60_000,
        test=10_000,
        digest="",
        given=True,
    ),
    "sprites": _sprites_row(sprites.Spec()),
    "sprites-64": _sprites_row(sprites.Spec(width=64)),
}


def find(name: str) -> Row:
    """The row of a name: of the table, of sprites of any size (`sprites.parse_name`), or of a dSprites file's path.

    Raises:
        DatasetMissing: it is a path, and no file is there.
        DataError: there is none; names those that there are.
    """
    if name in ROWS:
        return ROWS[name]
    spec = sprites.parse_name(name)
    if spec is not None:
        return _sprites_row(spec)
    form = dsprites.look(name)
    if form is not None:
        return _dsprites_row(form)
    if _is_path(name) and not os.path.exists(name):  # noqa: PTH110  (may be too long)
        raise DatasetMissing(f"There is no file {name[:200]!r}; check the path, or choose one of {', '.join(ROWS)}.")
    known = ", ".join(ROWS)
    if _is_path(name):
        raise DataError(
            "Own images (a folder, a zip, or an npz that is not of dSprites' form) cannot be used yet; "
            f"choose one of {known}."
        )
    raise DataError(f"There is no dataset called {name[:60]!r}; the known ones are {known}.")


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.lower().endswith((".zip", ".npz"))


def knows_factors(name: str) -> bool:
    """Whether it is known what made each image of a dataset; False also where there is none of that name.

    Raises:
        DataError: sprites of a size that is out of range.
    """
    if name in ROWS:
        return ROWS[name].family is _SPRITES
    return sprites.parse_name(name) is not None or dsprites.look(name) is not None


def describe(data_dir: Path | None = None) -> list[DatasetInfo]:
    """All datasets, and which of them are here; nothing is downloaded or checked.

    Raises:
        ConfigError: the data folder is not there.
    """
    data_folder = paths.data_folder(data_dir)
    return [
        DatasetInfo(
            name=name,
            title=row.title,
            train=row.train,
            test=row.test,
            shape=row.shape,
            where=_where(row, data_folder),
            source=row.family.source,
            licence=row.family.licence,
        )
        for name, row in ROWS.items()
    ]


def _where(row: Row, data_folder: Path) -> Where:
    if row.bundled:
        return "bundled"
    if row.given:
        return "here" if amat.is_here(data_folder) else "needs its files"
    if row.family.raw is None:
        return "drawn by the program"
    return "here" if download.is_here(row.family.raw, data_folder) else "can be downloaded"
