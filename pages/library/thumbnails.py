"""Thumbnails of runs: a few reconstructions from the newest frame of the run's film."""

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
class Thumbnail:
    """What the newest frame of a run's film shows.

    Attributes:
        picture: a data URL of a few reconstructions, or the empty string.
        nats: the negative ELBO per image of the held-out images evaluated during training, or None.
    """

    picture: str = ""
    nats: float | None = None


def thumbnail(run: Run) -> Thumbnail:
    """Returns the thumbnail of a run, cached per frame; empty if there is no film, or it is damaged."""
    newest = _newest(run.folder / "film")
    return Thumbnail() if newest is None else _thumbnail(*newest)


def _newest(film: Path) -> tuple[str, int] | None:
    """Returns path and modification time of the last frame; frames are named after their steps."""
    try:
        with os.scandir(film) as entries:
            names = [entry.name for entry in entries if entry.name[:1].isdigit() and entry.name.endswith(".npz")]
        last = film / max(names)
        return str(last), last.stat().st_mtime_ns
    except (OSError, ValueError):  # there is no film, it is empty, or it has just been removed
        return None


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _thumbnail(path: str, stamp: int) -> Thumbnail:
    try:
        frame = unpack_frame(files.read_bytes(Path(path)))
        content = png_bytes(mosaic(frame.reconstructions[:IMAGES], IMAGES))
    except (LatentLabError, FileNotFoundError):
        return Thumbnail()
    figures = frame.figures
    terms = [figures[name] for name in ("reconstruction_nats", "kl_nats") if name in figures]
    nats = sum(terms) if "reconstruction_nats" in figures else None
    return Thumbnail(f"data:image/png;base64,{base64.b64encode(content).decode()}", nats)
