"""The sample datasets that come with the program, in grey and in colour."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae_core.data import array_cache, tints
from vae_core.data.source import PARTS, Content, Source, Where, digest_of
from vae_core.errors import CheckpointError, DataError
from vae_core.storage import arrays, files
from vae_core.types import Array, Report

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True, kw_only=True)
class BundledSource(Source):
    """A sample dataset, unpacked into the cache."""

    def where(self, data_folder: Path) -> Where:
        return "bundled"

    def read(self, data_folder: Path, report: Report) -> Content:
        def plan() -> Mapping[str, array_cache.Plan]:
            return {name: array_cache.whole(part) for name, part in self.make(data_folder, report).items()}

        key = f"{self.name}-{self.digest[:16]}"
        kept, digest = array_cache.load_or_make(key, PARTS, plan, expected=self.digest)
        return Content(kept, self.classes, digest)

    def make(self, data_folder: Path, report: Report) -> dict[str, Array]:
        """Returns the four `PARTS` from the bundle: images `uint8`, (N, C, H, W), and labels `int64`, (N,).

        Raises:
            DataError: the bundle is missing or damaged.
        """
        broken = f"The bundled dataset {self.name!r} is missing or damaged; reinstall the program."
        try:
            bundle = arrays.unpack_bundle(files.read_bytes(SAMPLES / f"{self.name}.npz"))
            parts = {name: bundle[name] for name in PARTS}
        except (CheckpointError, OSError, KeyError, TypeError, zlib.error) as error:
            raise DataError(broken) from error
        parts |= {name: parts[name].astype(np.int64) for name in ("train_labels", "test_labels")}
        if digest_of(parts) != self.digest:
            raise DataError(broken)
        return parts


@dataclass(frozen=True, kw_only=True)
class TintedSource(BundledSource):
    """A sample dataset in colour.

    Attributes:
        base: the grey sample.
        visible: the property that determines the hue within a class (`tints.tinted`).
    """

    base: BundledSource
    visible: tints.Visible

    def make(self, data_folder: Path, report: Report) -> dict[str, Array]:
        """Returns the `PARTS` of `base` with coloured images, (N, 3, H, W); the hues' random part differs between splits."""
        parts = dict(self.base.read(data_folder, report).arrays)
        for seed, split in enumerate(("train", "test")):
            images, labels = parts[f"{split}_images"], parts[f"{split}_labels"]
            parts[f"{split}_images"] = tints.tinted(images, labels, self.visible, seed)
        return parts
