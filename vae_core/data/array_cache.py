"""The cache of arrays: made once, in pieces, so that they may be larger than the memory, and mapped from then on."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae_core.errors import CheckpointError, DiskError
from vae_core.storage import files, paths
from vae_core.types import Array

SCHEMA = 1


@dataclass(frozen=True)
class Plan:
    """An array that will be made.

    Attributes:
        dtype, shape: of the whole.
        pieces: makes it from the first row to the last, any number of rows at a time; may be called again.
    """

    dtype: type[np.generic]
    shape: tuple[int, ...]
    pieces: Callable[[], Iterator[Array]]


def whole(values: Array) -> Plan:
    """A plan of an array that exists already."""
    return Plan(values.dtype.type, values.shape, lambda: iter((values,)))


def load_or_make(
    key: str, names: tuple[str, ...], make: Callable[[], Mapping[str, Plan]], expected: str = ""
) -> tuple[dict[str, Array], str]:
    """The arrays of a folder of the cache, made if they are missing, truncated or changed.

    Args:
        key: name of the folder; it changes whenever the content does.
        names: of the arrays.
        make: plans all of them.
        expected: their digest, if it is known beforehand.

    Returns:
        The arrays, mapped copy-on-write, and the `digest` of them. If the disk cannot take them they are in memory instead.
    """
    folder = paths.cache_folder() / "datasets" / key
    kept = _read(folder, names, expected)
    if kept is not None:
        return kept
    made = make()
    plans = {name: made[name] for name in names}  # the digest depends on the order
    try:
        _write(folder, plans)
    except DiskError:
        pass  # the cache only saves memory and time
    else:
        kept = _read(folder, names, expected)
    if kept is None:
        arrays = {name: np.concatenate(list(plan.pieces())) for name, plan in plans.items()}
        kept = arrays, digest(arrays)
    return kept


def digest(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over name, type, shape and content of each, in the order given; in hexadecimal."""
    found = hashlib.sha256()
    for name, given in arrays.items():
        values = np.ascontiguousarray(given)
        found.update(f"{name} {values.dtype.name} {values.shape}\n".encode())
        found.update(values.data)
    return found.hexdigest()


def _read(folder: Path, names: tuple[str, ...], expected: str) -> tuple[dict[str, Array], str] | None:
    try:
        written = expected or files.read_json(folder / "digest.json")
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False) for name in names}
    except (OSError, ValueError, TypeError, EOFError, CheckpointError, DiskError):  # missing, truncated, not numbers
        return None
    found = digest(arrays)
    return (arrays, found) if written in (found, {"schema": SCHEMA, "digest": found}) else None


def _write(folder: Path, plans: Mapping[str, Plan]) -> None:
    files.make_folder(folder)
    with files.temporary_folder(folder) as partial:
        for name, plan in plans.items():
            _write_array(partial / f"{name}.npy", plan)
        for name in plans:
            files.move(partial / f"{name}.npy", folder / f"{name}.npy")
    written = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in plans}
    files.write_json(folder / "digest.json", {"schema": SCHEMA, "digest": digest(written)}, durable=False)


def _write_array(path: Path, plan: Plan) -> None:
    header = io.BytesIO()
    about = {"descr": np.dtype(plan.dtype).str, "fortran_order": False, "shape": plan.shape}
    np.lib.format.write_array_header_1_0(header, about)
    stream = files.Appender(path)
    try:
        stream.append(header.getvalue())
        for piece in plan.pieces():
            stream.append(piece.astype(plan.dtype, copy=False).tobytes())
    finally:
        stream.close()
