"""Animated GIFs to download: a run's film (the latent map next to inputs and reconstructions, with step and held-out
loss), or any sequence of images."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from vae_core.errors import DataError
from vae_core.storage.frames import Frame, Subjects
from vae_core.types import Array
from vae_core.viz.grids import mosaic
from vae_core.viz.palette import CLASS_COLOURS, NO_CLASS
from vae_core.viz.projection import project

MAP, TOP, EDGE = 380, 44, 16
ROOM = 300
WIDTH, HEIGHT = 3 * EDGE + MAP + ROOM, TOP + MAP + 34
SHARP = 2
"""Frames are drawn at this multiple of their size and then reduced, for smooth edges."""

COLOURS = 64
"""Colours of the palette that are taken from the images, in addition to those of the classes."""

HOLD_SECONDS = 1.5
PAPER, INK, PALE, FAINT = "#ffffff", "#1c2430", "#6d7684", "#d8dde6"


def film_gif(subjects: Subjects, frames: Sequence[Frame], projection: Array, *, seconds: float = 8.0) -> bytes:
    """The film as an animated GIF of 728 x 458 pixels that loops for ever.

    Args:
        subjects: the images that all frames show.
        frames: at least one, in the order of their steps.
        projection: (L, 2), from `projection_for`.
        seconds: duration, at least 0.02 s per frame; the last frame stays for another 1.5 s.

    Raises:
        DataError: there are no frames.
    """
    if not frames:
        raise DataError("There are no frames to make a film of; train the run first.")
    places = [project(frame.mean, projection) for frame in frames]
    box = _box(places, prior=frames[-1].kl_per_dimension is not None)
    backdrop = _backdrop(subjects, box, prior=frames[-1].kl_per_dimension is not None)
    pictures = [_picture(backdrop, subjects, frame, where, box) for frame, where in zip(frames, places, strict=True)]
    palette = _palette(pictures[-1])
    drawn = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    each = max(20, 10 * round(100 * seconds / len(frames)))
    return _gif(drawn, [each] * (len(frames) - 1) + [each + round(1000 * HOLD_SECONDS)])


def sequence_gif(pictures: Sequence[Image.Image], *, seconds: float = 3.0) -> bytes:
    """Images as an animated GIF that plays forwards and backwards for ever, so that a walk does not jump at its end.

    Greys stay exact; each colour image is reduced to 256 colours of its own.

    Args:
        pictures: at least one, all of the same size, in mode L or RGB (as from `grids.mosaic`).
        seconds: duration from the first to the last, at least 0.02 s per image.

    Raises:
        DataError: there are no images.
    """
    if not pictures:
        raise DataError("There are no images to animate; give at least one.")
    forwards = [picture if picture.mode == "L" else picture.quantize(256) for picture in pictures]
    each = max(20, 10 * round(100 * seconds / len(forwards)))
    loop = [*forwards, *forwards[-2:0:-1]]
    return _gif(loop, [each] * len(loop))


def _gif(drawn: Sequence[Image.Image], durations: list[int]) -> bytes:
    """A GIF that loops for ever; durations in milliseconds."""
    content = io.BytesIO()
    drawn[0].save(content, "GIF", save_all=True, append_images=drawn[1:], duration=durations, loop=0, optimize=True)
    return content.getvalue()


def _palette(picture: Image.Image) -> Image.Image:
    """A palette of the class colours, paler ones for the edges of points, greys, and the commonest colours of a picture."""
    full = [ImageColor.getrgb(colour)[:3] for colour in (*CLASS_COLOURS, NO_CLASS, INK, PALE, FAINT)]
    paler = [tuple((part + 255) // 2 for part in colour) for colour in full]
    greys = [(level, level, level) for level in range(0, 256, 15)]
    own = bytes(part for colour in [*full, *paler, *greys] for part in colour)
    common = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(own + bytes(common[: 3 * COLOURS]))
    return palette


def _box(places: Sequence[Array], prior: bool) -> tuple[float, float, float]:
    """Centre and half side of the square that holds all points of the film, and the prior's circles if it has one.

    Each of `places` is (points, 2).
    """
    every = np.concatenate([*places, np.full((1, 2), -2.3), np.full((1, 2), 2.3)] if prior else list(places))
    low, high = every.min(axis=0), every.max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y), float(max((high - low).max() / 2 * 1.05, 1e-6))


def _on_map(places: Array, box: tuple[float, float, float]) -> Array:
    """Positions on the map (..., 2) as pixels (..., 2) of the enlarged frame."""
    x, y, half = box
    across = EDGE + MAP / 2 + (places[..., 0] - x) / half * MAP / 2
    down = TOP + MAP / 2 - (places[..., 1] - y) / half * MAP / 2
    return np.stack([across, down], axis=-1) * SHARP


def _backdrop(subjects: Subjects, box: tuple[float, float, float], prior: bool) -> Image.Image:
    """The static part of every frame: border, axes and circles of the map, inputs, legend."""
    picture = Image.new("RGB", (WIDTH * SHARP, HEIGHT * SHARP), PAPER)
    pen = ImageDraw.Draw(picture)
    corner, end = EDGE * SHARP, (EDGE + MAP) * SHARP
    pen.rectangle((corner, TOP * SHARP, end, (TOP + MAP) * SHARP), outline=FAINT, width=SHARP)
    zero_x, zero_y = _on_map(np.zeros(2), box)
    if corner < zero_x < end:
        pen.line((zero_x, TOP * SHARP, zero_x, (TOP + MAP) * SHARP), fill=FAINT, width=1)
    if TOP * SHARP < zero_y < (TOP + MAP) * SHARP:
        pen.line((corner, zero_y, end, zero_y), fill=FAINT, width=1)
    for radius in (1.0, 2.0) if prior else ():
        reach = radius / box[2] * MAP / 2 * SHARP
        pen.ellipse((zero_x - reach, zero_y - reach, zero_x + reach, zero_y + reach), outline=FAINT, width=SHARP)
    _legend(pen, subjects.classes)
    given = subjects.inputs if subjects.corrupted is None else subjects.corrupted
    _row(picture, given, "input" if subjects.corrupted is None else "corrupted", first=True)
    return picture


def _legend(pen: ImageDraw.ImageDraw, classes: Sequence[str]) -> None:
    """Draws as many class names below the map as fit."""
    x, y = EDGE * SHARP, (TOP + MAP + 10) * SHARP
    for label, name in enumerate(classes):
        width = int(pen.textlength(_plain(name), _font(11))) + 30 * SHARP // 2
        if x + width > (WIDTH - EDGE) * SHARP:
            return
        pen.ellipse((x, y + 2 * SHARP, x + 9 * SHARP, y + 11 * SHARP), fill=CLASS_COLOURS[label % len(CLASS_COLOURS)])
        pen.text((x + 13 * SHARP, y), _plain(name), fill=INK, font=_font(11))
        x += width + 12 * SHARP


def _picture(
    backdrop: Image.Image, subjects: Subjects, frame: Frame, places: Array, box: tuple[float, float, float]
) -> Image.Image:
    picture = backdrop.copy()
    pen = ImageDraw.Draw(picture)
    radius = 2.6 * SHARP
    for (x, y), label in zip(_on_map(places, box), subjects.labels, strict=True):
        colour = CLASS_COLOURS[int(label) % len(CLASS_COLOURS)] if label >= 0 else NO_CLASS
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour, outline=PAPER)
    name = "reconstruction" if subjects.corrupted is None else "restored"
    _row(picture, frame.reconstructions, name, first=False)
    pen.text((EDGE * SHARP, 12 * SHARP), f"step {frame.step:,}", fill=INK, font=_font(20))
    loss = frame.figures.get("loss")
    if loss is not None:
        words = f"loss (held-out part) {loss:.1f} nats per image"
        pen.text(((2 * EDGE + MAP) * SHARP, 17 * SHARP), words, fill=INK, font=_font(14))
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


def _row(picture: Image.Image, images: Array, name: str, *, first: bool) -> None:
    """Draws images (n, C, H, W) in the upper or the lower half of the space next to the map, as large as they fit."""
    top = TOP + (0 if first else MAP // 2)
    left = (2 * EDGE + MAP) * SHARP
    ImageDraw.Draw(picture).text((left, top * SHARP), name, fill=PALE, font=_font(12))
    most = (ROOM, MAP // 2 - 26)
    columns = min(range(1, len(images) + 1), key=lambda count: -_scale(images.shape, count, most))
    sheet = mosaic(images, columns, gap=1).convert("RGB")
    factor = _scale(images.shape, columns, most) * SHARP
    size = (max(1, int(sheet.width * factor)), max(1, int(sheet.height * factor)))
    picture.paste(sheet.resize(size, Image.Resampling.NEAREST), (left, (top + 18) * SHARP))


def _scale(shape: tuple[int, ...], columns: int, most: tuple[int, int]) -> float:
    count, _, height, width = shape
    lines = -(-count // columns)
    fits = min(most[0] / (columns * (width + 1)), most[1] / (lines * (height + 1)))
    return float(int(fits)) if fits >= 1 else fits


def _plain(text: str) -> str:
    """The text in one line, cut to 40 characters, with a question mark for each that cannot be printed."""
    return "".join(character if character.isprintable() else "?" for character in text)[:40]


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * SHARP)
