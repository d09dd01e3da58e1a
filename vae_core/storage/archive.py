"""A run as one file, to be carried elsewhere, and weights alone with their configuration in the header.

    archive     a zip whose first member, manifest.json, names size and SHA-256 of every other one; its comment is the
                SHA-256 of all that stands before, so that a single changed bit is noticed before anything is read
    weights     safetensors; the header's metadata hold configuration, image shape, step and a SHA-256 of the whole

The same run gives the same bytes. `vae_core.evaluation.incoming` reads both, and believes nothing that it has not checked.
"""

from __future__ import annotations

from pathlib import Path

from vae_core.storage.runs import Run


def export_run(run: Run) -> bytes:
    """The whole run as one file: configuration, notes, records, film, weights, kept steps and figures.

    A run that is being trained is exported as it stands at its newest whole checkpoint.

    Raises:
        RunNotFound: it is gone.
        CheckpointCorrupt: a checkpoint of it is damaged.
        RunStateError: it is larger than a file of this kind may be.
    """
    raise NotImplementedError


def export_weights(run: Run, which: str = "model") -> bytes:
    """The final ("model") or best held-out ("best") weights alone, as safetensors with the configuration in the header.

    Raises:
        CheckpointCorrupt: there are no weights yet, or they are damaged.
    """
    raise NotImplementedError


def copy_run(run: Run, root: Path) -> Run:
    """One's own copy of a run under `root`, with a new id, the same parent, and notes that say of what it is a copy.

    Raises: as `export_run`; DiskError where it cannot be written.
    """
    raise NotImplementedError
