"""Weights on the disk: `NAME.safetensors` with `NAME.json` beside it, which holds the hashes and is written last.

A checkpoint is whole or it is not there: the weights are written and flushed first, the JSON second, and older step
files are removed only after that. Loading believes nothing whose SHA-256 differs.
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
    """Writes `name.safetensors`, then `name.json` with `record`, the size and the hash, and a hash of its own.

    Raises:
        DiskError: the checkpoint before this one is still whole.
    """
    content = pack_tensors(tensors)
    weights = folder / f"{name}.safetensors"
    files.write_atomic(weights, content)
    proof = {weights.name: {"bytes": len(content), "sha256": files.digest(content)}}
    document = {**record, "schema": SCHEMA, "files": proof}
    files.write_json(folder / f"{name}.json", {**document, "sha256": _own_digest(document)})


def _own_digest(document: Mapping[str, Any]) -> str:
    """The hash of a checkpoint's JSON without the hash itself: a changed step is noticed as a changed weight is."""
    return files.digest(files.json_bytes({key: value for key, value in document.items() if key != "sha256"}))


def load(folder: Path, name: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The tensors and the record of one checkpoint, after its hash was checked.

    Raises:
        CheckpointCorrupt: a file is missing, cut short or changed.
        SchemaTooNew: a newer program wrote it.
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
    """The weights of the best held-out target objective: those kept while training, else `best`; None without any.

    Raises:
        CheckpointCorrupt: there are some, and all are damaged.
    """
    kept = sorted((path.stem for path in folder.glob("best-*.json")), reverse=True)
    return _first_whole(folder, [*kept, *(["best"] if files.is_there(folder / "best.json") else [])])


def publish_best(folder: Path) -> None:
    """At a run's end, writes `best.safetensors` from the newest `best-N` and then drops those.

    While training the name carries the step, so that a kill can never leave weights and hash of two different saves.
    """
    found = load_best(folder)
    if found is not None:
        save(folder, "best", *found)
        drop_best(folder)


def drop_best(folder: Path, keep: str = "") -> None:
    """Removes the `best-N` files but the one named."""
    _drop_others(folder, "best-*", {keep})


def _drop_others(folder: Path, pattern: str, keep: set[str]) -> None:
    """The JSON goes first, so that no half one is believed; weights that a kill left without theirs go as well."""
    for suffix in (".json", ".safetensors"):
        for path in folder.glob(pattern + suffix):
            if path.stem not in keep:
                files.remove(path)


def steps(folder: Path) -> list[int]:
    """The steps that have a checkpoint, whole or not, from the newest on."""
    found = (_STEP.match(path.name) for path in folder.glob("step-*.json"))
    return sorted((int(match.group(1)) for match in found if match), reverse=True)


def check_resumable(folder: Path) -> None:
    """Refuses a run that keeps only its final weights, as the shipped examples do: it could only start over.

    Raises:
        RunStateError: there is no step checkpoint to go on from.
    """
    if files.is_there(folder / "model.json") and not steps(folder):
        raise RunStateError(
            f"The run {folder.name!r} keeps only its final weights; start a new run from them with --from."
        )


def load_newest(folder: Path, before: int | None = None) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """The newest whole step checkpoint, with `before` of an earlier step than that, or None if there is none.

    Raises:
        CheckpointCorrupt: there are some, and all are damaged.
    """
    return _first_whole(folder, [step_name(step) for step in steps(folder) if before is None or step < before])


def _first_whole(folder: Path, names: list[str]) -> tuple[dict[str, Array], dict[str, Any]] | None:
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
    """What is recorded beside the newest weights, such as their images' shape and SHA-256; empty without weights."""
    for name in (*map(step_name, steps(folder)), "model", "best"):
        with contextlib.suppress(FileNotFoundError, CheckpointCorrupt):
            return files.read_json(folder / f"{name}.json")
    return {}


def kept_steps(folder: Path) -> dict[int, str]:
    """The steps of a run from which another can start, and the names of their files; damaged ones are left out."""
    names: dict[int, str] = {}
    for name in ("best", "model"):
        with contextlib.suppress(FileNotFoundError, CheckpointCorrupt, KeyError, TypeError, ValueError):
            names[int(files.read_json(folder / f"{name}.json")["step"])] = name
    return names | {step: step_name(step) for step in steps(folder)}


def load_step(folder: Path, step: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """The weights at a kept step: of a step checkpoint, the final or the best ones.

    Raises:
        RunNotFound: that step is not kept; the sentence lists those that are.
        CheckpointCorrupt: it is kept and damaged.
    """
    names = kept_steps(folder)
    if step not in names:
        kept = ", ".join(map(str, sorted(names))) or "none"
        raise RunNotFound(f"The run {folder.name!r} keeps no step {step}; it keeps {kept}.")
    tensors, record = load(folder, names[step])
    return {name: value for name, value in tensors.items() if not name.startswith("optimizer.")}, record


def drop_after(folder: Path, step: int) -> None:
    """Removes the checkpoints newer than `step`, damaged ones among them, so that their names are free again."""
    for path in [*folder.glob("step-*"), *folder.glob("best-*")]:
        match = re.match(r"^(?:step|best)-(\d{1,12})\.(?:json|safetensors)$", path.name)
        if match and int(match.group(1)) > step:
            files.remove(path)


def prune(folder: Path, keep: int = KEPT_STEPS) -> None:
    """Keeps the newest `keep` step checkpoints."""
    _drop_others(folder, "step-*", {step_name(step) for step in steps(folder)[:keep]})
