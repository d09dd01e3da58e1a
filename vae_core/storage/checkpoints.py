"""Checkpoints: `NAME.safetensors` with a manifest `NAME.json` that holds the hashes and is written last.

A checkpoint is either complete or absent: the weights are written and flushed first, then the manifest, and only then are
older step checkpoints removed. Loading rejects any file whose SHA-256 differs.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae_core.errors import CheckpointCorrupt, RunNotFound, RunStateError
from vae_core.storage import files
from vae_core.storage.arrays import pack_tensors, unpack_tensors
from vae_core.storage.schema import check_schema
from vae_core.types import Array

SCHEMA = 1
KEPT_STEPS = 2
_STEP = re.compile(r"^step-(\d{1,12})\.json$")


def step_name(step: int) -> str:
    return f"step-{step:08d}"


def save(folder: Path, name: str, tensors: Mapping[str, Array], record: Mapping[str, Any]) -> None:
    """Writes `name.safetensors`, then `name.json`: `record`, size and hash of the weights, and a hash of itself.

    Args:
        folder: the run's folder.
        name: of the checkpoint, without an extension.
        tensors: weights by name, of any shape.
        record: what else the manifest holds, such as the step.

    Raises:
        DiskError: the checkpoint could not be written; the previous one is intact.
    """
    content = pack_tensors(tensors)
    weights = folder / f"{name}.safetensors"
    files.write_atomic(weights, content)
    proof = {weights.name: {"bytes": len(content), "sha256": files.digest(content)}}
    document = {**record, "schema": SCHEMA, "files": proof}
    files.write_json(folder / f"{name}.json", {**document, "sha256": _own_digest(document)})


def _own_digest(document: Mapping[str, Any]) -> str:
    """Hashes a manifest without its own hash, so that an altered step is detected just as an altered weight is."""
    return files.digest(files.json_bytes({key: value for key, value in document.items() if key != "sha256"}))


def load(folder: Path, name: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Returns the tensors and the manifest of a checkpoint, after checking their hashes.

    Raises:
        CheckpointCorrupt: a file is missing, truncated or altered.
        SchemaTooNew: a newer version of the program wrote it.
    """
    weights = folder / f"{name}.safetensors"
    try:
        record = files.read_json(folder / f"{name}.json")
        check_schema(record.get("schema"), SCHEMA, f"{name}.json")
        content = files.read_bytes(weights)
        expected = record["files"][weights.name]["sha256"]
        own = _own_digest(record)
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise CheckpointCorrupt(f"{missing} is missing from {folder.name}; use another checkpoint.") from error
    except (KeyError, TypeError, RecursionError) as error:
        raise CheckpointCorrupt(f"{name}.json names no hash for its weights; use another checkpoint.") from error
    if own != record.get("sha256"):
        raise CheckpointCorrupt(f"{name}.json was changed; use another checkpoint.")
    if files.digest(content) != expected:
        raise CheckpointCorrupt(f"{weights.name} was cut short or changed; use another checkpoint.")
    return unpack_tensors(content), record


def best_name(step: int) -> str:
    return f"best-{step:08d}"


def load_best(folder: Path) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Returns the checkpoint with the best held-out target objective: the newest `best-N`, else `best`, else None.

    Raises:
        CheckpointCorrupt: such checkpoints exist, but all are damaged.
    """
    kept = sorted((path.stem for path in folder.glob("best-*.json")), reverse=True)
    return _first_intact(folder, [*kept, *(["best"] if files.is_there(folder / "best.json") else [])])


def publish_best(folder: Path) -> None:
    """Writes `best.safetensors` from the newest `best-N` at the end of a run, then removes the `best-N` files.

    During training the name includes the step, so that a killed process never leaves the weights of one save with the
    hash of another.
    """
    best = load_best(folder)
    if best is not None:
        save(folder, "best", *best)
        drop_best(folder)


def drop_best(folder: Path, keep: str = "") -> None:
    """Removes all `best-N` checkpoints except `keep`."""
    _drop_others(folder, "best-*", {keep})


def _drop_others(folder: Path, pattern: str, keep: set[str]) -> None:
    """Removes manifests first, so that no half-removed checkpoint looks complete, then weights, orphaned ones included."""
    for suffix in (".json", ".safetensors"):
        for path in folder.glob(pattern + suffix):
            if path.stem not in keep:
                files.remove(path)


def steps(folder: Path) -> list[int]:
    """Returns the steps that have a checkpoint, intact or not, newest first."""
    matches = (_STEP.match(path.name) for path in folder.glob("step-*.json"))
    return sorted((int(match.group(1)) for match in matches if match), reverse=True)


def check_resumable(folder: Path) -> None:
    """Refuses a run that has only its final weights, as the shipped examples do: it could only start over.

    Raises:
        RunStateError: there is no step checkpoint to resume from.
    """
    if files.is_there(folder / "model.json") and not steps(folder):
        raise RunStateError(
            f"The run {folder.name!r} keeps only its final weights; start a new run from them with --from."
        )


def load_newest(folder: Path, before: int | None = None) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Returns the newest intact step checkpoint (earlier than step `before`, if given), or None if there is none.

    Raises:
        CheckpointCorrupt: such checkpoints exist, but all are damaged.
    """
    return _first_intact(folder, [step_name(step) for step in steps(folder) if before is None or step < before])


def _first_intact(folder: Path, names: list[str]) -> tuple[dict[str, Array], dict[str, Any]] | None:
    failure: CheckpointCorrupt | None = None
    for name in names:
        try:
            return load(folder, name)
        except CheckpointCorrupt as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return None


def newest_record(folder: Path) -> dict[str, Any]:
    """Returns the manifest of the newest weights, such as their images' shape and SHA-256; empty if there are none."""
    for name in (*map(step_name, steps(folder)), "model", "best"):
        with contextlib.suppress(FileNotFoundError, CheckpointCorrupt):
            return files.read_json(folder / f"{name}.json")
    return {}


def kept_steps(folder: Path) -> dict[int, str]:
    """Returns the steps from which another run can start, with their checkpoints' names; damaged ones are left out."""
    names: dict[int, str] = {}
    for name in ("best", "model"):
        with contextlib.suppress(FileNotFoundError, CheckpointCorrupt, KeyError, TypeError, ValueError):
            names[int(files.read_json(folder / f"{name}.json")["step"])] = name
    return names | {step: step_name(step) for step in steps(folder)}


def load_step(folder: Path, step: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Returns weights and manifest of a kept step, be it a step checkpoint or the final or best weights.

    Raises:
        RunNotFound: there is no checkpoint of that step; the message lists those there are.
        CheckpointCorrupt: the checkpoint is damaged.
    """
    names = kept_steps(folder)
    if step not in names:
        kept = ", ".join(map(str, sorted(names))) or "none"
        raise RunNotFound(f"The run {folder.name!r} keeps no step {step}; it keeps {kept}.")
    tensors, record = load(folder, names[step])
    return {name: value for name, value in tensors.items() if not name.startswith("optimizer.")}, record


def drop_after(folder: Path, step: int) -> None:
    """Removes the checkpoints newer than `step`, including damaged ones, so that their names are free again."""
    for path in [*folder.glob("step-*"), *folder.glob("best-*")]:
        match = re.match(r"^(?:step|best)-(\d{1,12})\.(?:json|safetensors)$", path.name)
        if match and int(match.group(1)) > step:
            files.remove(path)


def prune(folder: Path, keep: int = KEPT_STEPS) -> None:
    """Removes all step checkpoints except the newest `keep`."""
    _drop_others(folder, "step-*", {step_name(step) for step in steps(folder)[:keep]})
