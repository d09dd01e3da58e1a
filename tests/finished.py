"""A small finished run with everything in it, trained in this process, and what changes a file for the worse."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vae_core.archives.archive import MANIFEST
from vae_core.config import make_config
from vae_core.storage import files
from vae_core.storage.runs import Run, create_run
from vae_core.training.driver import Driver

SMALL: dict[str, Any] = {"limit": 96, "batch_size": 32, "hidden": "8", "epochs": 1}


def train_small(root: Path, run_id: str, name: str = "", **values: Any) -> Run:
    """Three steps on 96 digits."""
    run = create_run(root, make_config(**{**SMALL, **values}), name, run_id)
    Driver(run).drive()
    return run


def forged(members: dict[str, bytes], change: Callable[[dict[str, Any]], object] | None = None) -> bytes:
    """An archive of these members whose hashes are right, as somebody with an editor could make one.

    The manifest is made anew for them, but for what `change` does to it.
    """
    manifest = json.loads(members[MANIFEST])
    others = {name: content for name, content in members.items() if name != MANIFEST}
    manifest["files"] = {name: {"bytes": len(body), "sha256": files.digest(body)} for name, body in others.items()}
    if change is not None:
        change(manifest)
    return zipped(
        [(zipfile.ZipInfo(name), body) for name, body in {MANIFEST: files.json_bytes(manifest), **others}.items()]
    )


def zipped(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    """A zip of these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return buffer.getvalue()


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
