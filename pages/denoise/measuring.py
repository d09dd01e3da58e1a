"""Measuring in a process of its own: one at a time on this server, whoever asks; what it found is kept with the runs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from pages.common.opened_model import OpenedModel
from vae_core.errors import LatentLabError, RunStateError
from vae_core.storage.paths import PROJECT_ROOT

WORKER = [sys.executable, "-m", "pages.denoise.curve_worker"]
Key = tuple[str, tuple[str, ...]]


@dataclass(eq=False)
class Measuring:
    """The one process, and how far it is.

    Attributes:
        key: the corruption and the runs' ids.
        share: of the work that is done, 0 to 1.
        what: was done last.
        error: the sentence that ended it, or empty.
    """

    key: Key | None = None
    share: float = 0.0
    what: str = ""
    error: str = ""
    process: subprocess.Popen[str] | None = field(default=None, repr=False)
    _reader: threading.Thread = field(default_factory=threading.Thread, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, corruption: str, models: Sequence[OpenedModel], images: int) -> None:
        """Begins; the same work once more is nothing new.

        Raises:
            RunStateError: other work is not done yet.
        """
        key = key_of(corruption, models)
        with self.lock:
            if self.running and self.key != key:
                raise RunStateError("Another curve is being measured on this server; stop it or wait until it is done.")
            if self.running:
                return
            self.key, self.share, self.what, self.error = key, 0.0, "starting", ""
            folders = [str(model.run.folder.resolve()) for model in models]
            self.process = subprocess.Popen(
                [*WORKER, corruption, str(images), models[0].dataset.name, *folders],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                cwd=PROJECT_ROOT,
                text=True,
                start_new_session=True,
            )
            self._reader = threading.Thread(target=self._follow, args=(self.process,), daemon=True)
            self._reader.start()

    def stop(self) -> None:
        """Ends it; the levels that are done stay."""
        with self.lock:
            if self.process is not None and self.running:
                self.process.terminate()
                self._reader.join(timeout=10)

    def _follow(self, process: subprocess.Popen[str]) -> None:
        with process:  # closes the pipe, and waits
            for line in process.stdout or ():
                told = json.loads(line)
                self.share, self.what = told.get("share", self.share), told.get("what", self.what)
                self.error = told.get("error", self.error)
        if process.returncode > 0 and not self.error:
            self.error = "The measuring process failed; the server's log has the details."


def key_of(corruption: str, models: Sequence[OpenedModel]) -> Key:
    """What a measurement is of."""
    return corruption, tuple(model.run.id for model in models)


@st.cache_resource(show_spinner=False)
def measuring() -> Measuring:
    """The server's one."""
    return Measuring()


def failed(work: Measuring) -> LatentLabError | None:
    """What ended the work, as an error to be shown."""
    return RunStateError(work.error) if work.error else None
