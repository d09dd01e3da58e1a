"""Importing photographs against a bare Pillow loop that decodes and resizes the same files on as many processes.

The loop uses every shortcut that the import uses: JPEG files are decoded at a smaller scale, and pictures are shrunk by whole
factors first. Both start their processes anew in each turn. The import also hashes, divides and stores the pictures.
"""

from __future__ import annotations

import io
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks.bare_pillow import SIDE, small
from benchmarks.common import Result, median
from vae_core.data.own.import_settings import make_settings
from vae_core.data.own.picture_import import add
from vae_core.data.own.pool import processes_here

FILES, CHUNK, TURNS = 3_000, 64, 3


def measure() -> Result:
    with tempfile.TemporaryDirectory() as place:
        folder = _photographs(Path(place) / "photographs")
        imported, bare = [], []
        for turn in range(TURNS):
            began = time.perf_counter()
            add(folder, f"turn {turn}", make_settings(size=SIDE, colour="colour"), Path(place))
            imported.append(time.perf_counter() - began)
            bare.append(_bare(folder))
    ratio = median([plain / mine for mine, plain in zip(imported, bare, strict=True)])
    detail = f"{FILES / median(imported):,.0f} and {FILES / median(bare):,.0f} pictures/s, {processes_here()} processes"
    return Result("import of photographs / bare Pillow loop", ratio, 0.8, True, detail)


def _bare(folder: Path) -> float:
    """Seconds of the bare loop."""
    began = time.perf_counter()
    paths = sorted(map(str, folder.iterdir()))
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    with ProcessPoolExecutor(processes_here(), mp_context=get_context("spawn")) as pool:
        np.concatenate(list(pool.map(small, chunks)))
    return time.perf_counter() - began


def _photographs(folder: Path) -> Path:
    """Different crops of two photographs, 400 x 300, nine in ten as JPEG."""
    folder.mkdir()
    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    draw = np.random.default_rng(0)
    for index in range(FILES):
        picture = photographs[index % 2]
        left, top = (int(draw.integers(size - part)) for size, part in zip(picture.size, (400, 300), strict=True))
        content = io.BytesIO()
        kind = "PNG" if index % 10 == 0 else "JPEG"
        picture.crop((left, top, left + 400, top + 300)).save(content, kind)
        (folder / f"{index:05}.{kind.lower()}").write_bytes(content.getvalue())
    return folder
