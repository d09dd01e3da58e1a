"""Following a run: one incremental reader per run for all sessions, so that a poll reads only what is new."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import streamlit as st

from vae_core.storage import files, frames
from vae_core.storage.frames import Film, Frame
from vae_core.storage.records import MetricsReader
from vae_core.storage.runs import Run


class Follower:
    """The records, film and newest frame of a run, as written so far.

    Attributes:
        metrics, film: incremental readers.
        newest: the newest frame: a preview or the film's last one; None before the first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metrics = MetricsReader(folder / "metrics.jsonl")
        self.film = Film(folder)
        self.newest: Frame | None = None
        self._stamp = 0
        self._lock = threading.Lock()

    def poll(self) -> None:
        """Reads what is new; several sessions may call it at once."""
        with self._lock:
            self.metrics.poll()
            self.film.poll()
            self._poll_preview()
            last = self.film.frames[-1] if self.film.frames else None
            if last is not None and (self.newest is None or last.step > self.newest.step):
                self.newest = last

    def frames(self) -> list[Frame]:
        """The film's frames, and the newest frame if it is later than the film's last."""
        film, newest = self.film.frames, self.newest
        later = newest is not None and (not film or newest.step > film[-1].step)
        return [*film, replace(newest, log_variance=None)] if newest is not None and later else film

    def _poll_preview(self) -> None:
        path = self.folder / "preview.npz"
        stamp = path.stat().st_mtime_ns if files.is_there(path) else 0
        if stamp != self._stamp:
            self._stamp = stamp
            self.newest = frames.read_preview(self.folder)


@st.cache_resource(max_entries=128, show_spinner=False)
def _follower(folder: str, created: float) -> Follower:
    return Follower(Path(folder))


def follow(run: Run) -> Follower:
    """The follower of a run, after a poll of its folder.

    Raises:
        CheckpointCorrupt, SchemaTooNew: its records or its film are damaged.
        DiskError: they cannot be read.
    """
    created = (run.folder / "config.json").stat().st_mtime if files.is_folder(run.folder) else 0.0
    follower = _follower(str(run.folder), created)
    follower.poll()
    return follower
