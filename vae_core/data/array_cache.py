"""Arrays that are made once, kept in the cache, and mapped from there: in pieces, so that they may exceed the memory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae_core.errors import CheckpointError, DiskError
from vae_core.storage import files
from vae_core.types import Array

SCHEMA = 1


@dataclass(frozen=True)
class Plan:
    """An array to come.

    Attributes:
        dtype, shape: of the whole.
        pieces: makes it, from the first row to the last; may be called again.
    """

    dtype: type[np.generic]
    shape: tuple[int, ...]
    pieces: Callable[[], Iterator[Array]]


def whole(values: Array) -> Plan:
    """An array that is there already, as a plan."""
    return Plan(values.dtype.type, values.shape, lambda: iter((values,)))


def load_or_make(
    folder: Path, names: tuple[str, ...], make: Callable[[], Mapping[str, Plan]]
) -> tuple[dict[str, Array], str]:
    """The arrays of a folder of the cache, made where they are missing, cut short or changed.

    Args:
        folder: theirs alone.
        names: of the arrays.
        make: plans all of them.

    Returns:
        The arrays, copy on write, and `digest` of them. Where the disk takes nothing they are in memory instead.
    """
    found = _read(folder, names)
    if found is not None:
        return found
    made = make()
    plans = {name: made[name] for name in names}  # the digest goes by the order
    try:
        _write(folder, plans)
    except DiskError:
        found = None  # the cache saves memory and time and nothing else
    else:
        found = _read(folder, names)
    if found is None:
        arrays = {name: np.concatenate(list(plan.pieces())) for name, plan in plans.items()}
        found = arrays, digest(arrays)
    return found


def digest(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over name, type, shape and content of each, in the order given; in hexadecimal."""
    found = hashlib.sha256()
    for name, given in arrays.items():
        values = np.ascontiguousarray(given)
        found.update(f"{name} {values.dtype.name} {values.shape}\n".encode())
        found.update(values.data)
    return found.hexdigest()


def _read(folder: Path, names: tuple[str, ...]) -> tuple[dict[str, Array], str] | None:
    try:
        expected = files.read_json(folder / "digest.json")
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False) for name in names}
    except (OSError, ValueError, TypeError, EOFError, CheckpointError, DiskError):  # missing, cut short, no numbers
        return None
    found = digest(arrays)
    return (arrays, found) if expected == {"schema": SCHEMA, "digest": found} else None


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
