"""Pictures side by side, with error maps and figures below: one piece of HTML, so that all of it appears at once."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from vae_core.storage.measurements import Quality
from vae_core.types import Array
from vae_core.viz.error_map import error_map, ramp_css
from vae_core.viz.grids import mosaic

SMALLEST = 100
_STYLE = f"""<style>
.st-key-task {{ margin-top: 0.75rem; }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--least), 1fr)); gap: 0.2rem 0.9rem; }}
.tiles figure {{ margin: 0; min-width: 0; font-size: 0.875rem; line-height: 1.35; }}
.pictures:not(.rows) figure {{
  display: grid; grid-row: span 3; grid-template-rows: subgrid; grid-template-columns: minmax(0, 1fr); align-content: start;
}}
.tiles.rows {{ grid-template-columns: minmax(0, 1fr); }}
.tiles.rows figcaption {{ display: flex; flex-wrap: wrap; gap: 0 0.8rem; align-items: baseline; }}
.tiles .name {{ font-weight: 600; overflow-wrap: anywhere; display: block; }}
.tiles .faint {{ font-size: 0.75rem; opacity: 0.7; overflow-wrap: anywhere; }}
.pictures:not(.rows) .faint {{ display: block; }}
.tiles .numbers {{ font-variant-numeric: tabular-nums; margin-bottom: 0.7rem; }}
.tiles .numbers span {{ white-space: nowrap; margin-right: 0.5em; }}
.tiles .both {{ display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.35rem; align-content: start; }}
.tiles.rows .both {{ grid-template-columns: repeat(2, minmax(0, 1fr)); }}
.tiles img {{ width: 100%; image-rendering: pixelated; border-radius: 4px; display: block; }}
.ramp {{ display: flex; align-items: center; gap: 0.5rem; font-size: 0.8rem; }}
.ramp i {{ flex: none; width: 9rem; height: 0.7rem; border-radius: 3px; background: {ramp_css()}; }}
</style>"""


@dataclass(frozen=True, eq=False)
class Picture:
    """A named picture of the gallery: the original, the damaged images or a restoration.

    Attributes:
        name: its title, shown literally.
        images: (N, C, H, W) uint8.
        about: a short description; may be empty.
        clean: the originals, of the same shape, for the error map; None leaves the map out.
        quality: means over the images, or None.
    """

    name: str
    images: Array
    about: str = ""
    clean: Array | None = None
    quality: Quality | None = None

    @property
    def figures(self) -> str:
        """For example 'PSNR 19.5 dB, SSIM 0.871'; empty without a quality."""
        return "" if self.quality is None else quality_text(self.quality)


def gallery_style() -> None:
    """Adds the style of all galleries. Call it once per script run, so that it is not sent with every picture."""
    st.html(_STYLE)


def quality_text(quality: Quality) -> str:
    """PSNR in dB, and SSIM if the images are large enough for it."""
    similarity = "" if math.isnan(quality.ssim) else f", SSIM {quality.ssim:.3f}"
    return f"PSNR {quality.psnr:.1f} dB{similarity}"


def gallery(pictures: Sequence[Picture], *, size: int = 200) -> None:
    """Draws the pictures: single images beside each other, rows of images below each other.

    Args:
        pictures: at least one.
        size: the largest width of a single image, in CSS pixels.
    """
    rows = len(pictures[0].images) > 1
    share = (
        f"calc((100% - {len(pictures) - 1} * 0.9rem) / {len(pictures)})"  # all in one line, unless that is too small
    )
    style = f"--least:clamp({min(size, SMALLEST)}px, {share}, {size}px)"
    figures = "".join(_figure(picture) for picture in pictures)
    st.html(f'<div class="tiles{" rows" if rows else ""}" style="{style}">{figures}</div>')


def legend() -> None:
    """Draws the scale of the error maps."""
    st.html(
        '<div class="ramp"><span>Error map: |picture − original|, 0</span><i role="img" '
        'aria-label="from black over red to pale yellow"></i><span>1, of the pixel range; one scale for all</span></div>'
    )


def _figure(picture: Picture) -> str:
    words = picture.figures
    numbers = " ".join(f"<span>{escape(part)}</span>" for part in words.split(", ") if part)
    alt = escape(f"{picture.name}: {words}" if words else picture.name)
    content = f'<img alt="{alt}" src="{data_uri(picture.images)}">'
    if picture.clean is not None:
        errors = data_uri(error_map(picture.images, picture.clean))
        content += f'<img alt="{escape("Error map of " + picture.name)}" src="{errors}">'
    elif len(picture.images) > 1:
        content += "<span></span>"
    return (
        f'<figure><figcaption><span class="name">{escape(picture.name)}</span>'
        f'<span class="faint">{escape(picture.about)}</span></figcaption>'
        f'<div class="both">{content}</div><div class="numbers">{numbers}</div></figure>'
    )


def data_uri(images: Array) -> str:
    """The images in a row as a PNG, encoded as a data URI."""
    content = io.BytesIO()
    mosaic(images, len(images)).save(content, "png", compress_level=1)  # fast: it is drawn while a slider moves
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
