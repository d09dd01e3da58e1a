"""Several runs side by side, one column per run: the data that the comparison's JavaScript draws, as bytes.

All columns share images, scales and colours, so that only the models differ. A map may be rotated and mirrored to match
that of the base run, which changes no distance.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vae_core.errors import DataError
from vae_core.export.packing import pack_blocks
from vae_core.metrics.active import is_active
from vae_core.storage.frames import Frame, Subjects
from vae_core.types import Array
from vae_core.viz.grids import mosaic
from vae_core.viz.palette import CLASS_COLOURS, NO_CLASS
from vae_core.viz.projection import Choice, project, projection_for
from vae_core.viz.stage_data import NO_LABEL

MAX_POINTS = 500
MAX_FRAMES = 240
"""Limit for all columns of a film together, so that at most 8 MB are sent to the browser."""
PRIOR_REACH = 2.3
ROOM = 0.04
LEAST_NATS = 0.05
GUTTER, TITLE, FONT = 12, 30, 14
PAPER, INK = "#ffffff", "#1c2430"


@dataclass(frozen=True, eq=False)
class FilmColumn:
    """A run, shown by its film.

    Attributes:
        title, note: shown literally above the column.
        subjects: the images that its frames show.
        frames: at least one, in the order of their steps.
    """

    title: str
    note: str
    subjects: Subjects
    frames: Sequence[Frame]


@dataclass(frozen=True, eq=False)
class MapColumn:
    """A trained model, shown by its codes.

    Attributes:
        title, note: shown literally above the column.
        codes: (N, L) float32, codes of the images that all columns share.
        prior: whether the codes have a prior.
        projection: (L, 2), from `map_projections`.
        order: (L,) the model's own dimension for each of the shared ones; None if they are the same.
        decoder: from `decoder_bytes`; None if it is too large for the browser.
    """

    title: str
    note: str
    codes: Array
    prior: bool
    projection: Array
    order: Array | None
    decoder: bytes | None


def film_bytes(columns: Sequence[FilmColumn], choice: Choice, *, key: str, live: bool, alt: str) -> bytes:
    """Packs the columns of a film. All of them must show the same images.

    Args:
        columns: at least one; the maps of the others are rotated to match the first.
        choice: the plane of each map.
        key: key of the component on the page.
        live: send only the newest frame of each run, from which the browser moves to the next; else send the films, on a
            common axis of steps.
        alt: alternative text.

    Raises:
        DataError: there are no columns, or the runs show different images.
    """
    _check_shared([column.subjects.labels for column in columns])
    points = min(MAX_POINTS, *(len(column.subjects.labels) for column in columns))
    kept = [_thinned(column.frames, live, MAX_FRAMES // len(columns)) for column in columns]
    directions = map_projections([frames[-1].mean[:points] for frames in kept], choice)
    arrays: dict[str, Array] = {"labels": _labels(columns[0].subjects.labels[:points])}
    arrays["inputs"] = columns[0].subjects.inputs
    about, places, most = [], [], LEAST_NATS
    for index, (column, frames, plane) in enumerate(zip(columns, kept, directions, strict=True)):
        on_map = np.stack([project(frame.mean[:points], plane) for frame in frames])
        places.append(on_map)
        arrays[f"places{index}"] = on_map
        arrays[f"reconstructions{index}"] = np.stack([frame.reconstructions for frame in frames])
        kl = [frame.kl_per_dimension for frame in frames if frame.kl_per_dimension is not None]
        if len(kl) == len(frames):
            arrays[f"kl{index}"] = np.nan_to_num(np.stack(kl).astype(np.float32), posinf=0.0, neginf=0.0)
            arrays[f"active{index}"] = np.stack([is_active(frame.mean) for frame in frames]).astype(np.uint8)
            most = max(most, float(arrays[f"kl{index}"][-1].max()))
        about.append(_about(column.title, column.note, [frame.step for frame in frames], plane, len(kl) == len(frames)))
    header = _header(key, "live" if live else "film", about, columns[0].subjects.classes, alt)
    header |= {"most": most, **_seen(places, any(column["prior"] for column in about), about)}
    header["film"] = zlib.crc32("|".join(column.title for column in columns).encode())
    return pack_blocks(header, arrays)


def map_bytes(
    columns: Sequence[MapColumn],
    labels: Array,
    classes: Sequence[str],
    images: Array,
    *,
    pick: Literal["image", "place"],
    key: str,
    alt: str,
) -> bytes:
    """Packs the columns of maps: the codes of the same images, and decoders that follow the pointer.

    Args:
        columns: at least one.
        labels: (N,) class indices of the images.
        classes: class names.
        images: (N, C, H, W) uint8, the encoded images.
        pick: what the pointer selects: the nearest image, or the code at its position.
        key: key of the component on the page.
        alt: alternative text.

    Raises:
        DataError: there are no columns, or the numbers of codes, labels and images differ.
    """
    if not columns or any(len(column.codes) != len(labels) or len(images) != len(labels) for column in columns):
        raise DataError("Maps side by side need the codes of the same images; choose runs on the same kind of images.")
    arrays: dict[str, Array] = {"labels": _labels(labels), "images": images}
    about, places = [], []
    for index, column in enumerate(columns):
        on_map = project(column.codes, column.projection)
        places.append(on_map[None])
        arrays[f"places{index}"] = on_map
        arrays[f"codes{index}"] = np.nan_to_num(column.codes.astype(np.float32), posinf=0.0, neginf=0.0)
        arrays[f"plane{index}"] = column.projection
        if column.decoder is not None:
            arrays[f"decoder{index}"] = np.frombuffer(column.decoder, dtype=np.uint8)
        order = None if column.order is None else [int(dimension) for dimension in column.order]
        about.append({**_about(column.title, column.note, [0], column.projection, column.prior), "order": order})
    header = _header(key, "map", about, classes, alt)
    header |= {"pick": pick, "film": 0, "most": 1.0, **_seen(places, any(c.prior for c in columns), about)}
    return pack_blocks(header, arrays)


def map_projections(means: Sequence[Array], choice: Choice) -> list[Array]:
    """The projection of each map, each (L, 2); principal components are rotated to match the first map.

    Args:
        means: for each map, the codes (N, L) of the same N images; L may differ.
        choice: two dimensions, or the first two if a code lacks one of them; or "pca".
    """
    projections: list[Array] = []
    reference: Array | None = None
    for mean in means:
        latent = mean.shape[1]
        fits = choice == "pca" or max(choice) < latent
        plane, _ = projection_for(mean, choice if fits else (0, min(1, latent - 1)) if latent > 1 else "pca")
        if choice == "pca" and latent > 1 and reference is not None:
            plane = (plane @ procrustes_rotation(project(mean, plane), reference)).astype(np.float32)
        reference = project(mean, plane) if reference is None and latent > 1 else reference
        projections.append(plane)
    return projections


def procrustes_rotation(places: Array, reference: Array) -> Array:
    """The orthogonal matrix (2, 2), a rotation with or without a reflection, that best maps `places` to `reference`.

    Orthogonal Procrustes: Schoenemann 1966, "A generalized solution of the orthogonal Procrustes problem"; both sets are
    centred first. If all places coincide, this is the identity.

    Args:
        places, reference: (N, 2).
    """
    moving = np.asarray(places, dtype=np.float64) - np.mean(places, axis=0)
    fixed = np.asarray(reference, dtype=np.float64) - np.mean(reference, axis=0)
    product = moving.T @ fixed
    if not np.isfinite(product).all() or not np.abs(product).max() > 0:
        return np.eye(2)
    left, _, right = np.linalg.svd(product)
    turned: Array = left @ right
    return turned


def _check_shared(labels: Sequence[Array]) -> None:
    if not labels:
        raise DataError("There are no runs to show; choose at least one.")
    shortest = min(map(len, labels))
    if any(not np.array_equal(labels_of_run[:shortest], labels[0][:shortest]) for labels_of_run in labels):
        raise DataError("These runs show different images, so their films cannot be shown side by side.")


def _thinned(frames: Sequence[Frame], live: bool, most: int) -> list[Frame]:
    """The newest frame if live; else at most `most` frames, evenly spaced, with the first and the last."""
    if live or len(frames) == 1:
        return [frames[-1]]
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), max(2, most))).round().astype(int))
    return [frames[index] for index in chosen]


def _labels(labels: Array) -> Array:
    is_labelled = (labels >= 0) & (labels < NO_LABEL)
    compact: Array = np.where(is_labelled, labels, NO_LABEL).astype(np.uint8)
    return compact


def _about(title: str, note: str, steps: list[int], plane: Array, prior: bool) -> dict[str, Any]:
    return {"title": title, "note": note, "steps": steps, "latents": plane.shape[0], "prior": prior, "order": None}


def _header(key: str, mode: str, about: list[dict[str, Any]], classes: Sequence[str], alt: str) -> dict[str, Any]:
    return {
        "key": key,
        "mode": mode,
        "pick": None,
        "columns": about,
        "classes": list(classes),
        "colours": list(CLASS_COLOURS),
        "no_class": NO_CLASS,
        "alt": alt,
    }


def _seen(places: Sequence[Array], prior: bool, about: list[dict[str, Any]]) -> dict[str, Any]:
    """The box that holds all points of all columns at their last step, and the prior's circles if there is a prior.

    Each of `places` is (frames, N, 2).
    """
    last = np.concatenate([np.nan_to_num(positions[-1]) for positions in places])
    flat = all(column["latents"] == 1 for column in about)
    if prior:
        last = np.concatenate([last, [[-PRIOR_REACH, -PRIOR_REACH], [PRIOR_REACH, PRIOR_REACH]]])
    low, high = last.min(axis=0), last.max(axis=0)
    margin = max(ROOM * float((high - low).max()), 1e-6)
    box = [float(low[0]) - margin, float(high[0]) + margin, float(low[1]) - margin, float(high[1]) + margin]
    if not all(math.isfinite(value) for value in box):
        raise DataError("A model's codes are not finite numbers; choose other runs.")
    return {"box": box, "flat": flat}


def sheet(titles: Sequence[str], pictures: Sequence[Array], across: int, *, scale: int = 3) -> Image.Image:
    """A picture to download: one grid of images per column, below its title.

    Args:
        titles: one line per column; characters that the built-in font lacks become question marks.
        pictures: one array (N, C, H, W) uint8 per column, at least one.
        across: images per row in each column.
        scale: pixels of the picture per pixel of an image and side.

    Raises:
        DataError: there are no columns, or an array has the wrong shape or type.
    """
    if not pictures:
        raise DataError("There are no images to download; choose at least one run.")
    grids = [mosaic(images, across, scale=scale).convert("RGB") for images in pictures]
    width = max(grid.width for grid in grids)
    whole = Image.new(
        "RGB", (len(grids) * (width + GUTTER) + GUTTER, TITLE + max(grid.height for grid in grids) + GUTTER)
    )
    whole.paste(PAPER, (0, 0, whole.width, whole.height))
    pen = ImageDraw.Draw(whole)
    font = ImageFont.load_default(FONT)
    for index, (title, grid) in enumerate(zip(titles, grids, strict=True)):
        left = GUTTER + index * (width + GUTTER)
        whole.paste(grid, (left, TITLE))
        pen.text((left, (TITLE - FONT) / 2), _fitting(title, width, font), fill=INK, font=font)
    return whole


def _fitting(title: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    plain = "".join(character if character.isprintable() and ord(character) < 256 else "?" for character in title)
    while plain and font.getlength(plain) > width:
        plain = plain[:-1]
    return plain
