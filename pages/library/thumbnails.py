"""A small picture of each run that is shown: what it makes of test images, from the newest frame of its film."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from vae_core.errors import LatentLabError
from vae_core.storage import files
from vae_core.storage.frames import unpack_frame
from vae_core.storage.runs import Run
from vae_core.viz.grids import mosaic, png_bytes

IMAGES = 4
KEPT = 5_000


@dataclass(frozen=True)
class Glimpse:
    """What the newest frame of a run's film shows.

    Attributes:
        picture: a data URL of a few reconstructions, or the empty string.
        nats: negative ELBO per image of the held-out images that are looked at while training, or None.
    """

    picture: str = ""
    nats: float | None = None


def glimpse(run: Run) -> Glimpse:
    """The picture of a run, made once for each newest frame; an empty one where there is no film, or it is damaged."""
    newest = _newest(run.folder / "film")
    return Glimpse() if newest is None else _glimpse(*newest)


def _newest(film: Path) -> tuple[str, int] | None:
    """Path and time of the last frame: their names are their steps."""
    try:
        with os.scandir(film) as entries:
            names = [entry.name for entry in entries if entry.name[:1].isdigit() and entry.name.endswith(".npz")]
        last = film / max(names)
        return str(last), last.stat().st_mtime_ns
    except (OSError, ValueError):  # no film, none yet, or gone this moment
        return None


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _glimpse(path: str, stamp: int) -> Glimpse:
    try:
        frame = unpack_frame(files.read_bytes(Path(path)))
        content = png_bytes(mosaic(frame.reconstructions[:IMAGES], IMAGES))
    except (LatentLabError, FileNotFoundError):
        return Glimpse()
    figures = frame.figures
    known = [figures[name] for name in ("reconstruction_nats", "kl_nats") if name in figures]
    nats = sum(known) if "reconstruction_nats" in figures else None
    return Glimpse(f"data:image/png;base64,{base64.b64encode(content).decode()}", nats)
