"""The cache of arrays: computed once, in pieces that fit into memory, and memory-mapped from then on."""

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
    """An array that is still to be computed.

    Attributes:
        dtype, shape: of the whole array.
        pieces: yields it from the first row to the last, any number of rows at a time; may be called again.
    """

    dtype: type[np.generic]
    shape: tuple[int, ...]
    pieces: Callable[[], Iterator[Array]]


def whole(values: Array) -> Plan:
    """Returns the plan of an array, of any shape, that already exists."""
    return Plan(values.dtype.type, values.shape, lambda: iter((values,)))


def load_or_make(
    key: str, names: tuple[str, ...], make: Callable[[], Mapping[str, Plan]], expected: str = ""
) -> tuple[dict[str, Array], str]:
    """Returns the arrays of a cache folder, computing them if they are missing, truncated or altered.

    Args:
        key: name of the folder, unique to its content.
        names: of the arrays.
        make: returns the plans of all of them.
        expected: their digest, if it is known beforehand.

    Returns:
        The arrays, memory-mapped copy-on-write, and their `digest`. If they cannot be written to disk, they are in memory.
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
    """Returns the SHA-256 of each array's name, type, shape and content, in the given order, in hexadecimal."""
    sha256 = hashlib.sha256()
    for name, array in arrays.items():
        values = np.ascontiguousarray(array)
        sha256.update(f"{name} {values.dtype.name} {values.shape}\n".encode())
        sha256.update(values.data)
    return sha256.hexdigest()


def _read(folder: Path, names: tuple[str, ...], expected: str) -> tuple[dict[str, Array], str] | None:
    try:
        written = expected or files.read_json(folder / "digest.json")
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False) for name in names}
    except (OSError, ValueError, TypeError, EOFError, CheckpointError, DiskError):  # missing, truncated, not numbers
        return None
    actual = digest(arrays)
    return (arrays, actual) if written in (actual, {"schema": SCHEMA, "digest": actual}) else None


def _write(folder: Path, plans: Mapping[str, Plan]) -> None:
    files.make_folder(folder)
    with files.temporary_folder(folder) as partial:
        for name, plan in plans.items():
            write_array(partial / f"{name}.npy", plan)
        for name in plans:
            files.move(partial / f"{name}.npy", folder / f"{name}.npy")
    written = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in plans}
    files.write_json(folder / "digest.json", {"schema": SCHEMA, "digest": digest(written)}, durable=False)


def write_array(path: Path, plan: Plan, *, durable: bool = False) -> None:
    """Writes an array as `.npy`, piece by piece; with `durable`, waits until the disk has it.

    Raises:
        DiskError: it could not be written.
    """
    header = io.BytesIO()
    about = {"descr": np.dtype(plan.dtype).str, "fortran_order": False, "shape": plan.shape}
    np.lib.format.write_array_header_1_0(header, about)
    stream = files.Appender(path)
    try:
        stream.append(header.getvalue())
        for piece in plan.pieces():
            stream.append(piece.astype(plan.dtype, copy=False).tobytes())
        if durable:
            stream.sync()
    finally:
        stream.close()
