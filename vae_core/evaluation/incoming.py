"""What comes from outside becomes a run: archives, bare weights, and folders that somebody copied in by hand.

Everything is checked before anything is believed: hashes, declared sizes, names, and each part by the reader that a run's
own would meet, weights against the network that the configuration describes. Nothing is written outside a temporary
folder that is renamed at the very end.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from vae_core.storage.runs import Run


def import_run(root: Path, file: bytes | BinaryIO, name: str | None = None) -> Run:
    """A run from a file that `export_run` or `export_weights` made; under its own id, or a new one where that is taken.

    Args:
        root: the folder of the runs.
        file: its bytes, or a file opened for reading in binary that can seek.
        name: a name for people in place of the one that it brings.

    Raises:
        CheckpointCorrupt: it is no such file, cut short, changed, or claims what it does not hold.
        CheckpointIncompatible: its weights are those of another network than its configuration describes.
        SchemaTooNew: a newer program wrote it.
        ConfigError, NameInvalid: its configuration or its name is none.
        DiskError: the folder is full or read-only. In all these cases nothing is left behind.
    """
    raise NotImplementedError


def verify(root: Path, run_id: str) -> Run:
    """Checks the final weights of a folder that has no manifest for them, and writes the manifest.

    Raises:
        RunNotFound: there is no such folder, or no weights in it.
        CheckpointCorrupt, CheckpointIncompatible, ConfigError, SchemaTooNew: as `import_run`; nothing was changed.
    """
    raise NotImplementedError
